import { lagLimit } from "../../infra/sweeps.ts";
import type { HealthRecord, HealthStore, StuckReason } from "../../lib/store/health-store.ts";
import type { ShardStore } from "../../lib/store/shard-store.ts";
import { lags } from "../../lib/sweep/lag.ts";
import { openTasksIn } from "../../lib/sweep/open-count.ts";
import { type Finding, passed } from "../finding.ts";
import { CHECK_GATEWAY } from "./gateways.ts";
import { creation, replacement, type SecretsLocation } from "./secrets.ts";

/** How many stuck organisations and gateways are listed individually. */
const MOST_STUCK = 20;

const TODO: Record<StuckReason, string | ((id: string, location: SecretsLocation) => string)> = {
  unreachable: CHECK_GATEWAY,
  credentials: (orgId, location) => `store its current keys: ${replacement(orgId, location)}`,
  "address-refused": "have the address of our calls added to the gateway's allow list",
  throttled: "have its limit at EnOS raised, or lower requestsPerSecond in its secret",
  "unknown-organisation": (orgId, location) =>
    `end the tracking of its tasks, or create its secret: ${creation(orgId, location)}`,
  secret: 'its secret must be { "accessKey": "…", "secretKey": "…" }',
};

/** When the last sweep was, and the lags. */
export async function sweepsAndLags(
  shards: Pick<ShardStore, "list">,
  { shardCount, intervalSeconds }: { shardCount: number; intervalSeconds: number },
  now: number,
): Promise<Finding[]> {
  const all = await shards.list(shardCount);
  const last = Math.max(...all.map(({ checkpoint }) => checkpoint.watermark));
  const missing = 'see docs/runbook.md, "sweep-missing"';
  if (last === 0) return [{ check: "sweep", ok: false, says: "there has been none yet", todo: missing }];
  const ago = Math.max(0, now - last) / 1000;
  // As in the alarm, which counts in minutes.
  const isRecent = ago < 5 * Math.max(60, intervalSeconds);
  const { watermarkLagSeconds, answeringLagSeconds } = lags(all, now);
  const openTasks = openTasksIn(all);
  const isBehind = (answeringLagSeconds ?? 0) > lagLimit(intervalSeconds);
  return [
    {
      check: "sweep",
      ok: isRecent,
      says: `the last one was ${passed(ago)} ago${openTasks === null ? "" : `; open tasks: ${openTasks}`}`,
      todo: isRecent ? undefined : missing,
    },
    {
      check: "lag",
      ok: !isBehind,
      says: `${passed(answeringLagSeconds ?? 0)}, with stuck organisations ${passed(watermarkLagSeconds ?? 0)}`,
      todo: isBehind ? 'see docs/runbook.md, "watermark-lag"' : undefined,
    },
  ];
}

/** What is stuck, since when and why. */
export async function stuck(
  health: Pick<HealthStore, "list">,
  secrets: SecretsLocation,
  now: number,
): Promise<Finding[]> {
  const records = (await health.list()).sort((a, b) => a.since - b.since);
  if (records.length === 0) return [{ check: "stuck", ok: true, says: "no organisation, no gateway" }];
  const told = records.slice(0, MOST_STUCK).map((record): Finding => {
    const says = `${nameOf(record)} for ${passed((now - record.since) / 1000)}: ${record.reason}`;
    const advice = TODO[record.reason];
    const todo = typeof advice === "string" ? advice : advice(record.id, secrets);
    return { check: "stuck", ok: false, says, todo };
  });
  const more = records.length - told.length;
  if (more > 0) told.push({ check: "stuck", ok: false, says: `and ${more} more` });
  return told;
}

function nameOf({ scope, id }: HealthRecord): string {
  return scope === "org" ? `organisation ${id}` : `gateway ${id}`;
}
