import { coverageOf, overlay, watermarkAt } from "../../lib/store/coverage.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import { CLOSED, type Population } from "./population.ts";
import type { MemoryRecords } from "./records.ts";
import { organisationId } from "./tasks.ts";
import { EPOCH } from "./virtual-time.ts";

/** Tasks whose end should have been seen, and was not. */
export interface Missed {
  /** The watermark says that they were checked after their end, and they were not, or without an event. */
  lost: number;
  /** Their check is overdue by more than a sweep's interval; the watermark says so too, they are not lost. */
  overdue: number;
}

/**
 * Holds every task against the promise: after its end comes a check within the bound of its schedule, at the latest in
 * the sweep after that.
 *
 * @param records what is written of shards and of organisations that are behind
 * @param now Unix milliseconds, at which the last sweep has ended and the next is about to begin
 */
export function missed(
  population: Population,
  records: MemoryRecords,
  schedule: Schedule,
  sweepMs: number,
  now: number,
): Missed {
  const { begins, endsAt, trackedAt, organisation, state, isAnnounced } = population;
  const result = { lost: 0, overdue: 0 };
  for (const [shard, { checkpoint }] of records.shards) {
    const coverage = coverageOf(checkpoint);
    for (let slot = begins[shard] as number; slot < (begins[shard + 1] as number); slot++) {
      const end = endsAt[slot] as number;
      if (state[slot] === CLOSED) {
        if (!isAnnounced[slot]) result.lost++;
        continue;
      }
      if (EPOCH + end > now) continue;
      const due = EPOCH + end + schedule.interval(end - (trackedAt[slot] as number));
      const behind = records.behind.get(`${shard}/${organisationId(organisation[slot] as number)}`);
      const own = behind ? overlay(coverage, behind.gaps) : coverage;
      if (due <= (watermarkAt(own, population.indexKeyOf(slot)) as number)) result.lost++;
      else if (due + sweepMs <= now) result.overdue++;
    }
  }
  return result;
}
