import type { Context } from "aws-lambda";
import * as z from "zod/mini";
import { connectEnos } from "../lib/aws/enos.ts";
import { EventPublisher } from "../lib/events/publisher.ts";
import { isDeployed, readSettings } from "../lib/settings.ts";
import { BehindStore } from "../lib/store/behind-store.ts";
import { HealthStore } from "../lib/store/health-store.ts";
import { OpenTaskStore } from "../lib/store/open-task-store.ts";
import { ShardStore } from "../lib/store/shard-store.ts";
import { openDatabase } from "../lib/store/table.ts";
import { sweepInRounds } from "../lib/sweep/rounds.ts";
import type { SweepSummary } from "../lib/sweep/summary.ts";
import { sweep } from "../lib/sweep/sweep.ts";
import { createSchedule } from "../lib/tasks/schedule.ts";
import { openTelemetry, reportSweep, sweepObserver } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "sweep");
const telemetry = openTelemetry(settings);
const observer = sweepObserver(telemetry);
const db = openDatabase(settings.TRACKED_TASKS_TABLE);
const { credentials, enos } = connectEnos(settings, { isDeployed: isDeployed(process.env) });
const dependencies = {
  shards: new ShardStore(db),
  behind: new BehindStore(db),
  health: new HealthStore(db),
  tasks: new OpenTaskStore(db, { retentionDays: settings.RETENTION_DAYS }),
  credentials,
  enos,
  events: new EventPublisher(settings.EVENTS_TOPIC_ARN),
  schedule: createSchedule({
    sweepIntervalSeconds: settings.SWEEP_INTERVAL_SECONDS,
    growthPercent: settings.CHECK_INTERVAL_GROWTH_PERCENT,
    maxIntervalSeconds: settings.CHECK_INTERVAL_MAX_SECONDS,
  }),
  observer,
  now: Date.now,
};
const sweepSettings = {
  shardCount: settings.SWEEP_SHARDS,
  sweepers: settings.SWEEPERS,
  concurrency: settings.SWEEP_CONCURRENCY,
  requestsPerSecond: settings.ENOS_REQUESTS_PER_SECOND,
  deadlineMs: settings.TRACKING_DEADLINE_DAYS * 24 * 60 * 60_000,
};

/**
 * `{}`, or `{ "shards": [0, 3] }` for some shards only, and `{ "rounds": 6 }` for as many sweeps an interval apart;
 * whatever else the schedule may send does not matter.
 */
const SweepEvent = z.object({
  shards: z.optional(z.array(z.int().check(z.nonnegative()))),
  rounds: z.catch(z.optional(z.int().check(z.positive())), 1),
});

/**
 * One sweep over the tracked tasks that are due, or several.
 *
 * @throws {Error} for an event whose `shards` is no list of existing shards, or when nothing could be done:
 *   Lambda then counts an error, and the event goes to the dead-letter queue
 */
export async function handler(
  event: unknown,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<SweepSummary> {
  const request = SweepEvent.safeParse(event ?? {}).data;
  if (!request) throw new TypeError("shards must be a list of shard numbers");
  const { shards, rounds = 1 } = request;
  const round = async () => {
    observer.reset();
    const remainingMs = context.getRemainingTimeInMillis();
    const summary = await sweep(dependencies, sweepSettings, { shards, remainingMs });
    reportSweep(telemetry, summary);
    return summary;
  };
  const { schedule } = dependencies;
  return sweepInRounds(round, { rounds, intervalMs: settings.SWEEP_INTERVAL_SECONDS * 1000, schedule });
}
