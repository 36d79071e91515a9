import type { Schedule, Scheduled } from "../../lib/tasks/schedule.ts";

/**
 * Since when a task has been due again, given when it was last checked; `now` if it is not. All times are Unix
 * milliseconds.
 */
export function dueAgainSince(schedule: Schedule, task: Scheduled, checkedAt: number, now: number): number {
  const number = schedule.intervalNumber(task, checkedAt);
  if (number === schedule.intervalNumber(task, now)) return now;
  let low = checkedAt;
  let high = now;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (schedule.intervalNumber(task, middle) === number) low = middle;
    else high = middle;
  }
  return high;
}
