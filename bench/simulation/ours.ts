import { createSchedule } from "../../lib/tracking/schedule.ts";
import type { Waiter } from "./waiter.ts";

const SWEEP_SECONDS = 60;

/** How far apart sweeps are, in milliseconds: a look that is due waits for the next sweep. */
export const SWEEP = SWEEP_SECONDS * 1000;

/** The service's schedule, at that interval. */
export const schedule = createSchedule(SWEEP_SECONDS);

/** The service's own schedule, asked as a sweep asks it, in every sweep of a task's life. */
export const ours: Waiter = {
  name: "this service",
  definition: "its schedule with a sweep every 60 s; the first look is in the first sweep after tracking",
  wait(duration, random) {
    const phase = random();
    let checks = 0;
    // A sweep's interval is all that a task waits for its first look.
    let bound = SWEEP;
    // Tracked at 0, somewhere between two sweeps.
    for (let from = -random() * SWEEP; ; from += SWEEP) {
      const to = from + SWEEP;
      if (!schedule.isDue({ trackedAt: 0, phase }, from, to)) continue;
      checks++;
      if (to >= duration) return { checks, delay: to - duration, bound };
      bound = schedule.bound(to);
    }
  },
};
