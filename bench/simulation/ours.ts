import { createSchedule, type Scheduled } from "../../lib/tasks/schedule.ts";
import type { Random } from "./random.ts";
import type { Waiter } from "./waiter.ts";

const SWEEP_SECONDS = 60;

/** How far apart sweeps are, in milliseconds: a check that is due waits for the next sweep. */
export const SWEEP = SWEEP_SECONDS * 1000;

/** The service's schedule, at that interval. */
export const schedule = createSchedule(SWEEP_SECONDS);

/** One sweep in a task's life, over the window (from, to]. */
export interface LifeSweep {
  from: number;
  to: number;
  isDue: boolean;
}

/** The sweeps of a task's life, from the one after it was tracked to the one that sees its end. */
export function* life(task: Scheduled, duration: number, random: Random): Generator<LifeSweep> {
  // Tracked somewhere between two sweeps.
  for (let from = task.trackedAt - random() * SWEEP; ; from += SWEEP) {
    const to = from + SWEEP;
    const isDue = schedule.isDue(task, from, to);
    yield { from, to, isDue };
    if (isDue && to - task.trackedAt >= duration) return;
  }
}

/** The service's own schedule, asked as a sweep asks it, in every sweep of a task's life. */
export const ours: Waiter = {
  name: "this service",
  definition: "its schedule with a sweep every 60 s; the first check is in the first sweep after tracking",
  wait(duration, random) {
    const task = { trackedAt: 0, offset: random() };
    const outcome = { checks: 0, delay: 0, bound: 0 };
    // A sweep's interval is all that a task waits for its first check.
    let bound = SWEEP;
    for (const { to, isDue } of life(task, duration, random)) {
      if (!isDue) continue;
      outcome.checks++;
      outcome.delay = to - duration;
      outcome.bound = bound;
      bound = schedule.bound(to);
    }
    return outcome;
  },
};
