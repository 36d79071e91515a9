import type { OpenTask } from "./record.ts";
import type { Schedule, Scheduled } from "./schedule.ts";

/** How far a task was checked, in Unix milliseconds. */
export interface Checked {
  /** Everything that was due of it up to then was checked. */
  through: number;
  /** What became due after that was checked by the schedule of now; before, its settings were others, or not known. */
  scheduledSince: number;
}

/** The index has told of a task that was put so long ago: what was due before may have been due in vain. */
const INDEX_LAG_MS = 10_000;

/**
 * The last moment at which a task is known not to have ended, if it was found open once, and EnOS has said how it is
 * doing whenever it was asked: it was asked after it last became due. When tracking began, where no such moment is
 * known.
 *
 * @returns Unix milliseconds
 */
export function lastKnownDue(
  schedule: Schedule,
  task: Scheduled,
  { through, scheduledSince }: Checked,
): number {
  if (through < task.trackedAt) return task.trackedAt;
  const due = Math.floor(schedule.slotStart(task, through));
  return due > scheduledSince && due >= task.trackedAt + INDEX_LAG_MS ? due : task.trackedAt;
}

/**
 * The last moment at which a task that has ended now is known not to have ended.
 *
 * @param task as the table has it
 * @param now Unix milliseconds: what clocks that are apart say is never later
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
