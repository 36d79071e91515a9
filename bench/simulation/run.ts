import { mean, quantile } from "../harness/statistics.ts";
import type { Durations } from "./durations.ts";
import { type Random, seeded } from "./random.ts";
import type { Waiter } from "./waiter.ts";

/** One run of one waiter over many tasks. */
export interface Run {
  /** Mean checks per task. */
  checks: number;
  /** Median and 95th percentile of the delay over the run time. */
  delayMedian: number;
  delayP95: number;
  /** The longest delay, in milliseconds. */
  longest: number;
  /** By how much a delay exceeded the schedule's bound at most, in milliseconds; negative when none did. */
  excess: number;
}

/** Lets a waiter wait for so many tasks. The same seed gives every waiter the same tasks. */
export function run(waiter: Waiter, durations: Durations, tasks: number, seed: number): Run {
  const drawn = seeded(seed);
  const chance: Random = seeded(seed ^ 0x5bd1e995);
  const checks: number[] = [];
  const relative: number[] = [];
  let longest = 0;
  let excess = Number.NEGATIVE_INFINITY;
  for (let task = 0; task < tasks; task++) {
    const duration = durations.draw(drawn);
    const outcome = waiter.wait(duration, chance);
    checks.push(outcome.checks);
    relative.push(outcome.delay / duration);
    longest = Math.max(longest, outcome.delay);
    excess = Math.max(excess, outcome.delay - outcome.bound);
  }
  return {
    checks: mean(checks),
    delayMedian: quantile(relative, 0.5),
    delayP95: quantile(relative, 0.95),
    longest,
    excess,
  };
}
