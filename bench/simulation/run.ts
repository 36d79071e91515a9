import { type Random, seeded } from "../../local/harness/random.ts";
import { mean, quantile } from "../harness/statistics.ts";
import { type Durations, quantileOf } from "./durations.ts";
import { spread } from "./random.ts";
import type { Callbacks, Waiter } from "./waiter.ts";

/** One run of one waiter over many tasks. Times are milliseconds. */
export interface Run {
  /** Mean checks per task. */
  checks: number;
  /** Mean and 95th percentile of the delay from a task's end to the next check, for tasks whose end it sees. */
  delay: number;
  delayP95: number;
  /** The 95th percentile of the delay over the run time. */
  relativeP95: number;
  /** The longest time between two checks of a task. */
  longestInterval: number;
  /** The share of tasks whose end it never sees. */
  missed: number;
  /** Whether it uses callbacks. */
  isTold: boolean;
}

/** How much is simulated. */
export interface Extent {
  /** The number of sequences of checks in a run. */
  sequences: number;
  /** The number of tasks for each sequence. */
  tasks: number;
  /** One for each run. */
  seeds: readonly number[];
}

/**
 * The durations of a number of tasks, ascending, in milliseconds: a stratified sample, so that few tasks represent many.
 */
export function drawTasks(durations: Durations, tasks: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: tasks }, (_, task) => quantileOf(durations, (task + random()) / tasks));
}

/**
 * Simulates a waiter.
 *
 * @param tasks their durations, ascending
 * @param sequences how often it waits for all of them, each time with other random numbers
 */
export function run(waiter: Waiter, tasks: readonly number[], sequences: number, seed: number): Run {
  const chances = spread(seed);
  const counts: number[] = [];
  const delays: number[] = [];
  const relative: number[] = [];
  let longestInterval = 0;
  let missed = 0;
  let isTold = false;
  const see = (task: number, at: number, checks: number) => {
    const duration = tasks[task] as number;
    counts.push(checks);
    delays.push(at - duration);
    relative.push((at - duration) / duration);
  };
  for (let sequence = 0; sequence < sequences; sequence++) {
    const random = chances();
    const { checks, callback } = waiter.wait(random);
    isTold = callback.lost < 1;
    let made = 0;
    let before = Number.NaN;
    let task = 0;
    for (const check of checks) {
      made++;
      if (check - before > longestInterval) longestInterval = check - before;
      before = check;
      // Tasks are sorted by duration: these are all whose end this check sees, unless there is a callback before.
      for (; task < tasks.length && check >= (tasks[task] as number); task++) {
        const called = calledBack(callback, tasks[task] as number, random);
        if (called !== undefined && called < check) see(task, called, made - 1 + callback.checks);
        else see(task, check, made);
      }
      if (task === tasks.length) break;
    }
    for (; task < tasks.length; task++) {
      const called = calledBack(callback, tasks[task] as number, random);
      if (called !== undefined) see(task, called, made + callback.checks);
      else {
        counts.push(made);
        missed++;
      }
    }
  }
  return {
    checks: mean(counts),
    delay: mean(delays),
    delayP95: quantile(delays, 0.95),
    relativeP95: quantile(relative, 0.95),
    // Rounded to milliseconds: sums of thousands of numbers are not more accurate.
    longestInterval: Math.round(longestInterval),
    isTold,
    missed: missed / (sequences * tasks.length),
  };
}

/** When a callback reports a task's end; undefined if it is lost. */
function calledBack({ lost, afterMs }: Callbacks, duration: number, random: Random): number | undefined {
  return lost < 1 && random() >= lost ? duration + afterMs : undefined;
}
