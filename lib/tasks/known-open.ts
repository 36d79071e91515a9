import type { OpenTask } from "./record.ts";
import type { Schedule, Scheduled } from "./schedule.ts";

/** How far a task has been checked, in Unix milliseconds. */
export interface Checked {
  /** Everything that was due of it up to then was checked. */
  through: number;
  /** Since when checks have followed the present schedule; before, its settings were different or unknown. */
  scheduledSince: number;
}

/**
 * When a task last became due and was then checked; when tracking began, if that is not known. If it has been found open
 * and every check since has had a usable answer, it had not ended by then.
 *
 * @returns Unix milliseconds
 */
export function lastKnownDue(
  schedule: Schedule,
  task: Scheduled,
  { through, scheduledSince }: Checked,
): number {
  const due = Math.floor(schedule.intervalStart(task, through));
  return due > scheduledSince ? Math.max(due, task.trackedAt) : task.trackedAt;
}

/**
 * The last moment at which a task that has ended now is known not to have ended.
 *
 * @param task as the table has it
 * @param now Unix milliseconds: the result is never later, even if clocks differ
 * @returns Unix milliseconds; null when it was never found open
 */
export function notEndedBefore(
  schedule: Schedule,
  task: OpenTask,
  checked: Checked,
  now: number,
): number | null {
  if (task.state === "pending") return null;
  const known = Math.min(
    lastKnownDue(schedule, task, checked),
    task.uncertainSince ?? Number.POSITIVE_INFINITY,
  );
  return Math.min(now, Math.max(task.trackedAt, known));
}
