import { coverageOf, overlay, watermarkAt } from "../../lib/store/coverage.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import type { MemoryRecords } from "../../local/harness/memory-records.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { type Population, type SimulatedTask, scheduled } from "./population.ts";

/** Since when a task's next check is due; `now` when it is not, or the task is not open. Both Unix milliseconds. */
function dueSince(task: SimulatedTask, schedule: Schedule, now: number): number {
  const { trackedAt, offset } = scheduled(task);
  if (task.state === "closed" || trackedAt >= now) return now;
  if (task.checkedAt === undefined) return trackedAt;
  for (let due = now; ; ) {
    const before = schedule.slotStart({ trackedAt, offset }, due - 1);
    if (before <= EPOCH + task.checkedAt) return due;
    due = before;
  }
}

/** For how long the check that is most overdue has been due, in milliseconds: what a sweep's own lag is held against. */
export function overdueMs({ tasks }: Population, schedule: Schedule, now: number): number {
  let oldest = now;
  for (const task of tasks) oldest = dueSince(task, schedule, oldest);
  return now - oldest;
}

/**
 * How many ends are lost: closed without an event, or passed over by the watermark.
 *
 * @param records what is written of shards and of organisations that are behind
 */
export function lostEnds(
  { shards }: Population,
  records: MemoryRecords,
  schedule: Schedule,
  now: number,
): number {
  let lost = 0;
  for (const [number, { checkpoint }] of records.shards) {
    const coverage = coverageOf(checkpoint);
    for (const task of shards[number] ?? []) {
      if (task.state === "closed" && !task.isAnnounced) lost++;
      if (task.state === "closed" || EPOCH + task.endsAt > now) continue;
      const due = dueSince(task, schedule, now);
      const behind = records.behind.get(`${number}/${task.orgId}`);
      const own = behind ? overlay(coverage, behind.gaps) : coverage;
      if (due < now && due <= (watermarkAt(own, task.indexKey) as number)) lost++;
    }
  }
  return lost;
}
