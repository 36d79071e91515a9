import { createSchedule, type Scheduled } from "../../lib/tasks/schedule.ts";
import type { Random } from "../../local/harness/random.ts";
import { LOST } from "./peers.ts";
import { type Callbacks, checking, type Waiter } from "./waiter.ts";

const MINUTE = 60_000;

/** The service's schedule with its defaults. */
export const schedule = createSchedule({ sweepIntervalSeconds: 60 });

/** How sweeps are started. */
interface Starts {
  /** Whether a minute's sweep starts at the same second as that of the minute before, or at any. */
  steady: boolean;
}

/** One sweep in a task's life, over the window (from, to], in Unix milliseconds. */
export interface LifeSweep {
  from: number;
  to: number;
  isDue: boolean;
}

/** The sweeps of a task's life, from the one after it was tracked to the one that sees its end. */
export function* life(task: Scheduled, duration: number, random: Random): Generator<LifeSweep> {
  for (const sweep of sweeps(task, { steady: true }, random)) {
    yield sweep;
    if (sweep.isDue && sweep.to - task.trackedAt >= duration) return;
  }
}

/** A sweep each minute, for ever; the task was tracked somewhere between the two before the first. */
function* sweeps(task: Scheduled, { steady }: Starts, random: Random): Generator<LifeSweep> {
  const second = random() * MINUTE;
  let minute = task.trackedAt - random() * MINUTE;
  let from = Number.NEGATIVE_INFINITY;
  for (; ; minute += MINUTE) {
    const to = minute + (steady ? second : random() * MINUTE);
    if (to >= task.trackedAt) yield { from, to, isDue: schedule.isDue(task, from, to) };
    from = to;
  }
}

/** The service's own schedule, asked as a sweep asks it, in every sweep of a task's life. */
function* checks(starts: Starts, random: Random): Generator<number> {
  const task = { trackedAt: 0, offset: random() };
  for (const { to, isDue } of sweeps(task, starts, random)) if (isDue) yield to;
}

/** With every setting's default. */
export const OURS = checking(
  "this service",
  "its schedule with a sweep every 60 s; the first check is in the first sweep after tracking",
  (random) => checks({ steady: true }, random),
);

/** The same where the schedule is as unpunctual as it may be. */
export const UNPUNCTUAL = checking(
  "this service, unpunctual",
  "the same, but each minute's sweep starts anywhere within its minute: all that EventBridge promises",
  (random) => checks({ steady: false }, random),
);

/** A told end is announced within a second (the median by `npm run bench`), and takes a check to believe. */
const TOLD: Callbacks = { lost: LOST, afterMs: 1_000, checks: 1 };

/** The same with callbacks as hints. */
export const WITH_CALLBACKS: Waiter = {
  name: "this service, with callbacks",
  definition: `the same with \`CALLBACKS=true\`; ${LOST * 100} % of the callbacks are lost, and the others are acted on after a second`,
  wait: (random) => ({ checks: checks({ steady: true }, random), callback: TOLD }),
};
