import pMap from "p-map";
import { fingerprint } from "../enos/credentials.ts";
import type { HealthRecord } from "../store/health-store.ts";
import { Breakers } from "./breakers.ts";
import type { SweepDependencies } from "./dependencies.ts";
import type { ReportFailure } from "./failures.ts";
import { hasNoOpenTasks } from "./probe-times.ts";
import type { TimeBudget } from "./time-budget.ts";

/** If at most this many organisations are refused, each sweep reads their secrets again: a new one works at once. */
const MOST_SECRETS_READ = 20;
/** How long a sweep waits for these secrets, and for the removal of old records, before it begins, in milliseconds. */
const OPENING_MS = 1_000;
/** The most records of organisations and gateways without open tasks that a sweep removes before its work. */
const MOST_REMOVED = 256;
/** Records that are removed at a time. */
const REMOVALS = 32;

/** The breakers that a sweep begins with, from the stored records of what is stuck. */
export async function openBreakers(
  records: readonly HealthRecord[],
  options: {
    dependencies: Pick<SweepDependencies, "credentials" | "health" | "schedule" | "now">;
    time: TimeBudget;
    onFailure: ReportFailure;
  },
): Promise<Breakers> {
  const { dependencies, time, onFailure } = options;
  const { now, schedule, credentials, health } = dependencies;
  const at = now();
  const { obsolete = [], valid = [] } = Object.groupBy(records, (record) =>
    hasNoOpenTasks(record, at, schedule) ? "obsolete" : "valid",
  );
  const breakers = new Breakers({ records: valid, now });
  // A secret that takes longer is used later in this sweep, or in the next one.
  await Promise.all([
    time.outlasts(retryRefused(credentials, breakers), OPENING_MS),
    time.outlasts(removeObsolete(health, obsolete.slice(0, MOST_REMOVED), onFailure), OPENING_MS),
  ]);
  return breakers;
}

/** Lets organisations whose secret has changed since it was refused be called again at once. */
async function retryRefused(
  credentials: SweepDependencies["credentials"],
  breakers: Breakers,
): Promise<void> {
  const refused = breakers.records.filter(
    ({ scope, reason }) =>
      scope === "org" &&
      (reason === "credentials" || reason === "unknown-organisation" || reason === "secret"),
  );
  if (refused.length > MOST_SECRETS_READ) return;
  await Promise.all(
    refused.map(async ({ id, fingerprint: before }) => {
      try {
        const read = await credentials.refresh(id, await credentials.get(id));
        if (fingerprint(read) !== before) breakers.retry(id);
      } catch {
        // The secret still cannot be read: nothing has changed for the better.
      }
    }),
  );
}

/** Removes records of organisations and gateways without open tasks: nothing else would ever remove them. */
async function removeObsolete(
  health: Pick<SweepDependencies["health"], "remove">,
  records: HealthRecord[],
  onFailure: ReportFailure,
): Promise<void> {
  const until = performance.now() + OPENING_MS;
  const remove = async (record: HealthRecord) => {
    // The next sweep removes those for which no time is left.
    if (performance.now() > until) return;
    await health.remove(record).catch((error: unknown) => onFailure("write", error));
  };
  await pMap(records, remove, { concurrency: REMOVALS });
}
