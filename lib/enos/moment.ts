/** A moment by both of the machine's clocks, in milliseconds. */
export interface Moment {
  /** Unix time: may be put forward or back. */
  wall: number;
  /** Never goes back, but may stand still while the machine is frozen. */
  steady: number;
}

/** Now. */
export function moment(now: () => number = Date.now): Moment {
  return { wall: now(), steady: performance.now() };
}

/**
 * How much time has gone by since then, in milliseconds, by the clock that says more: what is too old by either is
 * too old, whether one was put back or the other stood still.
 */
export function ageOf(then: Moment, now: () => number = Date.now): number {
  return Math.max(now() - then.wall, performance.now() - then.steady);
}
