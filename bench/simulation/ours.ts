import { needsRounds } from "../../lib/sweep/rounds.ts";
import { createSchedule, type Schedule, type Scheduled } from "../../lib/tasks/schedule.ts";
import type { Random } from "../../local/harness/random.ts";
import { LOST } from "./peers.ts";
import { type Callbacks, checking, type Waiter } from "./waiter.ts";

const MINUTE = 60_000;

/** The service's schedule with its defaults. */
export const schedule = createSchedule({ sweepIntervalSeconds: 60 });

/** The settings of the service, and how punctually its sweeps start. */
interface Setting {
  schedule: Schedule;
  /** The time between two rounds, in milliseconds; a minute for a single round. */
  roundMs: number;
  /** Whether every sweep starts at the same second of its minute, or at any. */
  isPunctual: boolean;
}

const DEFAULTS: Setting = { schedule, roundMs: MINUTE, isPunctual: true };
const QUICK_SECONDS = 10;
const QUICK_SETTING: Setting = {
  schedule: createSchedule({ sweepIntervalSeconds: QUICK_SECONDS }),
  roundMs: QUICK_SECONDS * 1000,
  isPunctual: true,
};

/** One sweep of a task, with the window (from, to] in Unix milliseconds. */
export interface LifeSweep {
  from: number;
  to: number;
  isDue: boolean;
}

/** The sweeps of a task, from the first after it was tracked to the one that sees its end. */
export function* life(task: Scheduled, duration: number, random: Random): Generator<LifeSweep> {
  for (const sweep of sweeps(task, DEFAULTS, random)) {
    yield sweep;
    if (sweep.isDue && sweep.to - task.trackedAt >= duration) return;
  }
}

/** An endless sequence of sweeps, one a minute, in rounds; the only task is tracked in the first minute. */
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
      // While the previous sweep makes its last rounds, both are running.
      if (to > from && to >= task.trackedAt) yield { from, to, isDue: schedule.isDue(task, from, to) };
      from = Math.max(from, to);
      if (to < task.trackedAt || !needsRounds(schedule, to - task.trackedAt)) break;
    }
  }
}

/** The service's own schedule, used as a sweep uses it, in every sweep of a task. */
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

/** The same with sweeps that start as unpunctually as possible. */
export const UNPUNCTUAL = checking("this service, unpunctual", UNPUNCTUALLY, (random) =>
  checks({ ...DEFAULTS, isPunctual: false }, random),
);

/** With rounds. */
export const QUICK = checking(
  `this service, ${QUICK_SECONDS} s`,
  `with \`SWEEP_INTERVAL_SECONDS=${QUICK_SECONDS}\`: a sweep makes rounds while there are young tasks, of which each task is the only one`,
  (random) => checks(QUICK_SETTING, random),
);

/** The same with sweeps that start as unpunctually as possible. */
export const QUICK_UNPUNCTUAL = checking(
  `this service, ${QUICK_SECONDS} s, unpunctual`,
  UNPUNCTUALLY,
  (random) => checks({ ...QUICK_SETTING, isPunctual: false }, random),
);

/** After a callback the end is announced within a second (the median in `npm run bench`), with one check. */
const TOLD: Callbacks = { lost: LOST, afterMs: 1_000, checks: 1 };

/** With callbacks as hints. */
export const WITH_CALLBACKS: Waiter = {
  name: "this service, with callbacks",
  definition: `with \`CALLBACKS=true\`; ${LOST * 100} % of the callbacks are lost, and the others are acted on after a second`,
  wait: (random) => ({ checks: checks(DEFAULTS, random), callback: TOLD }),
};
