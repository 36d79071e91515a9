import { coverageOf, overlay, watermarkAt } from "../../lib/store/coverage.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import { dueAgainSince } from "../../local/harness/due-since.ts";
import type { MemoryRecords } from "../../local/harness/memory-records.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { type Population, type SimulatedTask, scheduled } from "./population.ts";

/** Since when a task's next check has been due; `now` if it is not due or the task is closed. Unix milliseconds. */
function dueSince(task: SimulatedTask, schedule: Schedule, now: number): number {
  const times = scheduled(task);
  if (task.state === "closed" || times.trackedAt >= now) return now;
  if (task.checkedAt === undefined) return times.trackedAt;
  return dueAgainSince(schedule, times, EPOCH + task.checkedAt, now);
}

/** By how much the most overdue check is overdue, in milliseconds: the real lag. */
export function overdueMs({ tasks }: Population, schedule: Schedule, now: number): number {
  return now - tasks.reduce((oldest, task) => dueSince(task, schedule, oldest), now);
}

/** How many ends are lost: closed without an event, or passed by the watermark without a check. */
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
