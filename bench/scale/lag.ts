import { OFFSETS } from "../../lib/store/index-key.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import { CLOSED, NEVER, type Population } from "./population.ts";
import { EPOCH } from "./virtual-time.ts";

/**
 * For how long the check that is most overdue has been due, in milliseconds: what a sweep's own lag is held against.
 *
 * @param now Unix milliseconds
 */
export function overdueMs(population: Population, schedule: Schedule, now: number): number {
  const { state, trackedAt, checkedAt, offset } = population;
  let oldest = now;
  const task = { trackedAt: 0, offset: 0 };
  for (let slot = 0; slot < state.length; slot++) {
    const tracked = EPOCH + (trackedAt[slot] as number);
    if (state[slot] === CLOSED || tracked >= oldest) continue;
    const checked = checkedAt[slot] as number;
    task.trackedAt = tracked;
    task.offset = (offset[slot] as number) / OFFSETS;
    oldest = checked === NEVER ? tracked : dueSince(task, schedule, EPOCH + checked, oldest);
  }
  return now - oldest;
}

/** When a task became due after its last check; `before` when that is no earlier. */
function dueSince(
  task: { trackedAt: number; offset: number },
  schedule: Schedule,
  checked: number,
  before: number,
): number {
  if (checked >= before) return before;
  const last = schedule.slot(task, checked);
  if (schedule.slot(task, before) === last) return before;
  let low = checked;
  let high = before;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (schedule.slot(task, middle) === last) low = middle;
    else high = middle;
  }
  return high;
}
