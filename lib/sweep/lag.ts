import { coverageOf, leastWatermark } from "../store/coverage.ts";
import type { Shard } from "../store/shard-store.ts";
import type { SweepSummary } from "./summary.ts";

/**
 * How far the least watermark of all shards, and of the organisations that are behind in them, is in the past, in
 * seconds: with stuck organisations, and without.
 */
export function lags(
  shards: Pick<Shard, "checkpoint" | "behind" | "announcedAt">[],
  now: number,
): Pick<SweepSummary, "watermarkLagSeconds" | "answeringLagSeconds"> {
  const all: number[] = [];
  const answering: number[] = [];
  for (const { checkpoint, behind, announcedAt } of shards) {
    const least = leastWatermark(coverageOf(checkpoint)) || announcedAt;
    // No task was ever put into it.
    if (least === 0) continue;
    // An organisation that was never checked counts from the shard's announcement.
    const oldest = (watermark: number) => (watermark > 0 ? Math.max(watermark, announcedAt) : least);
    all.push(Math.min(least, oldest(behind.oldest)));
    answering.push(Math.min(least, oldest(behind.oldestAnswering)));
  }
  return { watermarkLagSeconds: lag(all, now), answeringLagSeconds: lag(answering, now) };
}

function lag(watermarks: number[], now: number): number | null {
  return watermarks.length === 0 ? null : Math.max(0, Math.round((now - Math.min(...watermarks)) / 1000));
}
