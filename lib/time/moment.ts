/** A moment by both of the machine's clocks, in milliseconds. */
export interface Moment {
  /** Unix time: may be adjusted forwards or backwards. */
  wall: number;
  /** Monotonic, but may stop while the machine is frozen. */
  steady: number;
}

/** The present moment. */
export function moment(now: () => number = Date.now): Moment {
  return { wall: now(), steady: performance.now() };
}

/**
 * How much time has passed since then, in milliseconds, by the clock that shows more: something too old by either clock
 * is too old, whether one was set back or the other stopped.
 */
export function ageOf(then: Moment, now: () => number = Date.now): number {
  return Math.max(now() - then.wall, performance.now() - then.steady);
}
