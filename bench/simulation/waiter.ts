import type { Random } from "../../local/harness/random.ts";

/** A way to wait for a task's end by checking it, or by being called back. */
export interface Waiter {
  name: string;
  /** In words: which settings, and when the first check is. */
  definition: string;
  /** Waits for one task, or for many that are tracked at the same time and of which each has its chance. */
  wait(random: Random): Wait;
}

/** How a task is waited for. Times are milliseconds since it was tracked. */
export interface Wait {
  /** When it is checked for as long as it has not ended, ascending; who gives up at some time ends the sequence. */
  checks: Iterable<number>;
  callback: Callbacks;
}

/** What becomes of EnOS's callbacks. */
export interface Callbacks {
  /** The share of them that does not come: 1 where nobody waits for any. */
  lost: number;
  /** From a task's end to when its callback has been acted on, in milliseconds. */
  afterMs: number;
  /** Checks that acting on it takes. */
  checks: number;
}

/** Where nobody waits for callbacks. */
const NO_CALLBACKS: Callbacks = { lost: 1, afterMs: 0, checks: 0 };

/** A way to wait that does nothing but check. */
export function checking(
  name: string,
  definition: string,
  checks: (random: Random) => Iterable<number>,
): Waiter {
  return { name, definition, wait: (random) => ({ checks: checks(random), callback: NO_CALLBACKS }) };
}
