import type { BehindChange, BehindRecord } from "../store/behind-store.ts";
import { isSame, leastWatermark } from "../store/coverage.ts";
import type { SweptShard } from "../store/shard-store.ts";
import type { Backlog } from "./backlog.ts";
import type { Breakers } from "./breakers.ts";
import type { BehindReason } from "./summary.ts";

/** The organisations that are behind in a shard after a sweep. */
export interface Behind {
  /** What to write into the records of organisations that are or were behind. */
  changes: BehindChange[];
  /** Why each organisation is behind. */
  reasons: Map<string, BehindReason>;
  /** What the shard's own record says of them. */
  totals: SweptShard["behind"];
}

/** Who is behind, from what a sweep has left of each organisation. */
export function behindAfter(
  backlogs: Iterable<Pick<Backlog, "orgId" | "record" | "remaining">>,
  breakers: Pick<Breakers, "stuck" | "originOf">,
): Behind {
  const changes: BehindChange[] = [];
  const reasons = new Map<string, BehindReason>();
  const totals = { organisations: 0, oldest: 0, oldestAnswering: 0 };
  for (const backlog of backlogs) {
    const { orgId, record } = backlog;
    const stuck = breakers.stuck(orgId);
    const gaps = backlog.remaining(stuck !== undefined);
    // The record names the gateway for as long as the organisation is stuck. Otherwise a gateway that answers now and
    // then would cause a write each time.
    const namesOrigin = stuck && (stuck.scope === "origin" || record?.origin !== undefined);
    const origin = namesOrigin ? breakers.originOf(orgId) : undefined;
    if (gaps.length > 0) {
      reasons.set(orgId, stuck?.reason ?? "busy");
      totals.organisations++;
      totals.oldest = earlier(totals.oldest, leastWatermark(gaps));
      if (!stuck) totals.oldestAnswering = earlier(totals.oldestAnswering, leastWatermark(gaps));
    }
    if (isNews({ gaps, origin }, record)) changes.push({ orgId, gaps, origin, before: record });
  }
  return { changes, reasons, totals };
}

/** The earlier of two watermarks; `oldest` is 0 if there is none yet, and so a watermark of 0 counts as 1. */
function earlier(oldest: number, watermark: number): number {
  const known = Math.max(1, watermark);
  return oldest === 0 ? known : Math.min(oldest, known);
}

/** Whether the record of an organisation has to be written. */
function isNews(
  { gaps, origin }: Pick<BehindRecord, "gaps" | "origin">,
  record: BehindRecord | undefined,
): boolean {
  if (!record) return gaps.length > 0;
  return !record.isSettled || origin !== record.origin || !isSame(gaps, record.gaps);
}
