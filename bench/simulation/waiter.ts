import type { Random } from "./random.ts";

/** What became of one task's tracking. */
export interface Outcome {
  /** Looks at the task, the one that saw its end included. */
  checks: number;
  /** From the task's end to the first check or after it, in milliseconds. */
  delay: number;
  /** The longest delay that the schedule allowed at the check before, in milliseconds. */
  bound: number;
}

/** A way to wait for a task's end by checking it. */
export interface Waiter {
  name: string;
  /** In words: which settings, and when the first check is. */
  definition: string;
  /** Waits for a task that runs for this many milliseconds from when it is tracked. */
  wait(duration: number, random: Random): Outcome;
}
