import type { HealthRecord } from "../store/health-store.ts";
import { CLOCK_ERROR_MS } from "../store/shard-store.ts";
import type { Schedule } from "../tasks/schedule.ts";

/** The time to the first probe, doubled for each further one, and its maximum, in milliseconds. */
const FIRST_PROBE_MS = 60_000;
const LONGEST_PROBE_MS = 10 * 60_000;
/**
 * In one minute of so many, suspects are probed before other tasks: perhaps they are what would be answered, and the
 * others, which may have come during the outage, would not. A prime number, so that it meets probes ten minutes apart.
 */
const SUSPECTS_FIRST_EVERY = 31;
/** If a probe is overdue by this, in milliseconds and in longest intervals, there is no open task for it. */
const NO_OPEN_TASKS = { ms: 60 * 60_000, intervals: 4 };
/** If it is overdue by this, nothing has needed what the record is about. */
const UNNEEDED = { ms: 15 * 60_000, intervals: 2 };
/** A probe is early by up to this share of its interval, so that what broke together is not probed together. */
const EARLY = 0.25;

type Probed = Pick<HealthRecord, "nextProbeAt">;
type Intervals = Pick<Schedule, "interval">;

/** When the probe after this many is due, in Unix milliseconds. @param random in [0, 1) */
export function nextProbe(probes: number, now: number, random = Math.random()): number {
  const after = Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(probes, 10));
  return Math.round(now + after * (1 - EARLY * random));
}

/** Whether a probe is due. If it is further ahead than any can be, a wrong clock has set it, and it is due. */
export function isProbeDue({ nextProbeAt }: Probed, now: number): boolean {
  return nextProbeAt <= now || nextProbeAt > now + LONGEST_PROBE_MS + CLOCK_ERROR_MS;
}

/** Whether suspects are probed before other tasks now: at the same time for all shards and sweepers. */
export function areSuspectsFirst(now: number): boolean {
  return Math.floor(now / 60_000) % SUSPECTS_FIRST_EVERY === 0;
}

/**
 * Whether what a record is about does not count as stuck any more: each sweep makes the probes that are due, unless there
 * is no open task left for them.
 */
export function isUnneeded(record: Probed, now: number, schedule: Intervals): boolean {
  return isOverdue(record, now, schedule, UNNEEDED);
}

/** Whether a probe is so long overdue that what the record is about can have no open tasks: each is read more often. */
export function hasNoOpenTasks(record: Probed, now: number, schedule: Intervals): boolean {
  return isOverdue(record, now, schedule, NO_OPEN_TASKS);
}

function isOverdue(
  { nextProbeAt }: Probed,
  now: number,
  { interval }: Intervals,
  by: { ms: number; intervals: number },
): boolean {
  return nextProbeAt < now - Math.max(by.ms, by.intervals * interval(Number.POSITIVE_INFINITY));
}
