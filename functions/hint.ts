import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { connectEnos } from "../lib/aws/enos.ts";
import { HintQueue } from "../lib/aws/hint-queue.ts";
import { hintMessage, parseHint } from "../lib/callbacks/hint.ts";
import { EventPublisher } from "../lib/events/publisher.ts";
import { isDeployed, readSettings } from "../lib/settings.ts";
import { BehindStore } from "../lib/store/behind-store.ts";
import { HealthStore } from "../lib/store/health-store.ts";
import { OpenTaskStore } from "../lib/store/open-task-store.ts";
import { ShardStore } from "../lib/store/shard-store.ts";
import { openDatabase } from "../lib/store/table.ts";
import { TaskStore } from "../lib/store/task-store.ts";
import { retryAfter } from "../lib/sweep/hint-retry.ts";
import { checkHinted, type HintOutcome } from "../lib/sweep/hints.ts";
import type { TaskKey } from "../lib/tasks/key.ts";
import { createSchedule } from "../lib/tasks/schedule.ts";
import { openTelemetry, reportHints, sweepObserver } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "hint");
const telemetry = openTelemetry(settings);
const observer = sweepObserver(telemetry);
const db = openDatabase(settings.TRACKED_TASKS_TABLE);
const { credentials, enos } = connectEnos(settings, { isDeployed: isDeployed(process.env) });
const queue = new HintQueue(settings.HINT_QUEUE_URL);
const dependencies = {
  shards: new ShardStore(db),
  behind: new BehindStore(db),
  health: new HealthStore(db),
  tasks: new OpenTaskStore(db, { retentionDays: settings.RETENTION_DAYS }),
  tracker: new TaskStore(db, {
    shardCount: settings.SWEEP_SHARDS,
    retentionDays: settings.RETENTION_DAYS,
  }),
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
const checkSettings = {
  concurrency: settings.SWEEP_CONCURRENCY,
  requestsPerSecond: settings.ENOS_REQUESTS_PER_SECOND,
  deadlineMs: settings.TRACKING_DEADLINE_DAYS * 24 * 60 * 60_000,
};

/** Checks the tasks that a batch of the queue names. What is to be tried again stays in the queue until then. */
export async function handler(
  { Records }: SQSEvent,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<SQSBatchResponse> {
  observer.reset();
  const messages = Records.map((record) => ({ record, task: parseHint(record.body) }));
  // One check of each task, however many hints there are of it.
  const tasks = new Map<string, TaskKey>();
  for (const { task } of messages) if (task) tasks.set(hintMessage(task), task);
  const { outcomes, summary } = await checkHinted(dependencies, checkSettings, {
    tasks: [...tasks.values()],
    remainingMs: context.getRemainingTimeInMillis(),
  });
  const outcomeOf = new Map([...tasks.keys()].map((name, index) => [name, outcomes[index] as HintOutcome]));

  const acted = messages.map(({ record, task }) => ({
    record,
    outcome: task ? (outcomeOf.get(hintMessage(task)) ?? "failed") : ("unreadable" as const),
  }));
  reportHints(
    telemetry,
    summary,
    acted.map(({ record, outcome }) => ({ outcome, sinceMs: Date.now() - sentAt(record) })),
  );
  const again = acted.flatMap(({ record, outcome }) => {
    const seconds = outcome === "unreadable" ? undefined : retryAfter(outcome, triesOf(record));
    return seconds === undefined ? [] : [{ record, seconds }];
  });
  await Promise.all(again.map(({ record, seconds }) => queue.putOff(record.receiptHandle, seconds)));
  return { batchItemFailures: again.map(({ record }) => ({ itemIdentifier: record.messageId })) };
}

function sentAt({ attributes }: SQSRecord): number {
  return Number(attributes.SentTimestamp);
}

function triesOf({ attributes }: SQSRecord): number {
  return Number(attributes.ApproximateReceiveCount) || 1;
}
