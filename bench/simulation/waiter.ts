import type { Random } from "../../local/harness/random.ts";

/** A way to wait for a task's end, by checks or callbacks. */
export interface Waiter {
  name: string;
  /** In words: its settings, and the time of the first check. */
  definition: string;
  /** Waits for one task, or for many that are tracked at the same time, each with its own random callback. */
  wait(random: Random): Wait;
}

/** A wait for a task. Times are milliseconds since it was tracked. */
export interface Wait {
  /** The times of checks until it has ended, ascending; the sequence ends when the waiter gives up. */
  checks: Iterable<number>;
  callback: Callbacks;
}

/** How EnOS's callbacks behave. */
export interface Callbacks {
  /** The share that is lost; 1 if callbacks are not used. */
  lost: number;
  /** From a task's end to when its callback has been acted on, in milliseconds. */
  afterMs: number;
  /** The number of checks to act on it. */
  checks: number;
}

/** Callbacks are not used. */
const NO_CALLBACKS: Callbacks = { lost: 1, afterMs: 0, checks: 0 };

/** A way to wait that only uses checks. */
export function checking(
  name: string,
  definition: string,
  checks: (random: Random) => Iterable<number>,
): Waiter {
  return { name, definition, wait: (random) => ({ checks: checks(random), callback: NO_CALLBACKS }) };
}
