import { needsRounds } from "../../lib/sweep/rounds.ts";
import { createSchedule, type Schedule, type Scheduled } from "../../lib/tasks/schedule.ts";
import type { Random } from "../../local/harness/random.ts";
import { LOST } from "./peers.ts";
import { type Callbacks, checking, type Waiter } from "./waiter.ts";

const MINUTE = 60_000;

/** The service's schedule with its defaults. */
export const schedule = createSchedule({ sweepIntervalSeconds: 60 });

/** How the service is set, and how punctual the schedule is that starts its sweeps. */
interface Setting {
  schedule: Schedule;
  /** From one round of a sweep to the next, in milliseconds; a minute for one round. */
  roundMs: number;
  /** Whether a minute's sweep starts at the same second as that of the minute before, or at any. */
  isPunctual: boolean;
}

const DEFAULTS: Setting = { schedule, roundMs: MINUTE, isPunctual: true };
const QUICK_SECONDS = 10;
const QUICK_SETTING: Setting = {
  schedule: createSchedule({ sweepIntervalSeconds: QUICK_SECONDS }),
  roundMs: QUICK_SECONDS * 1000,
  isPunctual: true,
};

/** One sweep in a task's life, over the window (from, to], in Unix milliseconds. */
export interface LifeSweep {
  from: number;
  to: number;
  isDue: boolean;
}

/** The sweeps of a task's life, from the one after it was tracked to the one that sees its end. */
export function* life(task: Scheduled, duration: number, random: Random): Generator<LifeSweep> {
  for (const sweep of sweeps(task, DEFAULTS, random)) {
    yield sweep;
    if (sweep.isDue && sweep.to - task.trackedAt >= duration) return;
  }
}

/** A sweep each minute, for ever, in rounds; the task was tracked in the first of these minutes, and is all there is. */
function* sweeps(
  task: Scheduled,
  { schedule, roundMs, isPunctual }: Setting,
  random: Random,
): Generator<LifeSweep> {
  const second = random() * MINUTE;
  let minute = task.trackedAt - random() * MINUTE;
  let from = Number.NEGATIVE_INFINITY;
  for (; ; minute += MINUTE) {
    const start = minute + (isPunctual ? second : random() * MINUTE);
    for (let to = start; to < start + MINUTE; to += roundMs) {
      // While a sweep before this one makes its last rounds, both do.
      if (to > from && to >= task.trackedAt) yield { from, to, isDue: schedule.isDue(task, from, to) };
      from = Math.max(from, to);
      if (to < task.trackedAt || !needsRounds(schedule, to - task.trackedAt)) break;
    }
  }
}

/** The service's own schedule, asked as a sweep asks it, in every sweep of a task's life. */
function* checks(setting: Setting, random: Random): Generator<number> {
  const task = { trackedAt: 0, offset: random() };
  for (const { to, isDue } of sweeps(task, setting, random)) if (isDue) yield to;
}

/** With every setting's default. */
export const OURS = checking(
  "this service",
  "its schedule with a sweep every 60 s; the first check is in the first sweep after tracking",
  (random) => checks(DEFAULTS, random),
);

const UNPUNCTUALLY =
  "the same, but each minute's sweep starts anywhere within its minute, which is all that EventBridge promises";

/** The same where the schedule is as unpunctual as it may be. */
export const UNPUNCTUAL = checking("this service, unpunctual", UNPUNCTUALLY, (random) =>
  checks({ ...DEFAULTS, isPunctual: false }, random),
);

/** With rounds. */
export const QUICK = checking(
  `this service, ${QUICK_SECONDS} s`,
  `with \`SWEEP_INTERVAL_SECONDS=${QUICK_SECONDS}\`: a sweep makes rounds while there are young tasks, of which each task is the only one`,
  (random) => checks(QUICK_SETTING, random),
);

/** The same where the schedule is as unpunctual as it may be. */
export const QUICK_UNPUNCTUAL = checking(
  `this service, ${QUICK_SECONDS} s, unpunctual`,
  UNPUNCTUALLY,
  (random) => checks({ ...QUICK_SETTING, isPunctual: false }, random),
);

/** A told end is announced within a second (the median by `npm run bench`), and takes a check to believe. */
const TOLD: Callbacks = { lost: LOST, afterMs: 1_000, checks: 1 };

/** With callbacks as hints. */
export const WITH_CALLBACKS: Waiter = {
  name: "this service, with callbacks",
  definition: `with \`CALLBACKS=true\`; ${LOST * 100} % of the callbacks are lost, and the others are acted on after a second`,
  wait: (random) => ({ checks: checks(DEFAULTS, random), callback: TOLD }),
};
