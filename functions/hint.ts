import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { HintQueue, receivedHint } from "../lib/aws/hint-queue.ts";
import { connectEngine } from "../lib/engine.ts";
import { isDeployed, readSettings } from "../lib/settings.ts";
import { TaskStore } from "../lib/store/task-store.ts";
import { actOnHints } from "../lib/sweep/hint-batch.ts";
import { checkHinted } from "../lib/sweep/hints.ts";
import { openTelemetry, reportHints, sweepObserver } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "hint");
const telemetry = openTelemetry(settings);
const observer = sweepObserver(telemetry);
const { db, dependencies, checkSettings } = connectEngine(settings, {
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
  const { acted, summary } = await actOnHints(Records.map(receivedHint), (tasks) =>
    checkHinted({ ...dependencies, taskStore }, checkSettings, {
      tasks,
      remainingMs: context.getRemainingTimeInMillis(),
    }),
  );
  const now = Date.now();
  reportHints(
    telemetry,
    summary,
    acted.map(({ outcome, message }) => ({ outcome, sinceMs: now - message.sentAt })),
  );
  const again = acted.flatMap(({ message, againInSeconds }) =>
    againInSeconds === undefined ? [] : [{ ...message, againInSeconds }],
  );
  await Promise.all(again.map((message) => queue.putOff(message.receiptHandle, message.againInSeconds)));
  return { batchItemFailures: again.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
