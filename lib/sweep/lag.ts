import { coverageOf, leastWatermark } from "../store/coverage.ts";
import type { Shard } from "../store/shard-store.ts";
import type { SweepSummary } from "./summary.ts";

/** How far back the furthest shard is, or an organisation in it, in seconds: of all, and of those that are not stuck. */
export function lags(
  shards: Pick<Shard, "checkpoint" | "behind" | "announcedAt">[],
  now: number,
): Pick<SweepSummary, "watermarkLagSeconds" | "answeringLagSeconds"> {
  const all: number[] = [];
  const answering: number[] = [];
  for (const { checkpoint, behind, announcedAt } of shards) {
    const least = leastWatermark(coverageOf(checkpoint)) || announcedAt;
    // Nobody has put a task into it.
    if (least === 0) continue;
    // Of what was never checked the time counts from the announcement, too.
    const oldest = (watermark: number) => (watermark > 0 ? Math.max(watermark, announcedAt) : least);
    all.push(Math.min(least, oldest(behind.oldest)));
    answering.push(Math.min(least, oldest(behind.oldestAnswering)));
  }
  return { watermarkLagSeconds: lag(all, now), answeringLagSeconds: lag(answering, now) };
}

function lag(watermarks: number[], now: number): number | null {
  return watermarks.length === 0 ? null : Math.max(0, Math.round((now - Math.min(...watermarks)) / 1000));
}
