import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { HintQueue } from "../lib/aws/hint-queue.ts";
import { hintMessage, parseHint } from "../lib/callbacks/hint.ts";
import { openChecking } from "../lib/checking.ts";
import { isDeployed, readSettings } from "../lib/settings.ts";
import { TaskStore } from "../lib/store/task-store.ts";
import { secondsToNextTry } from "../lib/sweep/hint-retry.ts";
import { checkHinted, type HintOutcome } from "../lib/sweep/hints.ts";
import type { TaskKey } from "../lib/tasks/key.ts";
import { openTelemetry, reportHints, sweepObserver } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "hint");
const telemetry = openTelemetry(settings);
const observer = sweepObserver(telemetry);
const { db, dependencies, checkSettings } = openChecking(settings, {
  isDeployed: isDeployed(process.env),
  observer,
});
const taskStore = new TaskStore({
  db,
  shardCount: settings.SWEEP_SHARDS,
  retentionDays: settings.RETENTION_DAYS,
});
const queue = new HintQueue({ url: settings.HINT_QUEUE_URL });

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
  const { outcomes, summary } = await checkHinted({ ...dependencies, taskStore }, checkSettings, {
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
    const seconds = outcome === "unreadable" ? undefined : secondsToNextTry(outcome, triesOf(record));
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
