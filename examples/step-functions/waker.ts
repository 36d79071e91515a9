/** The Lambda function `download-waker`, behind an SQS queue that is subscribed to the topic with raw delivery. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SendTaskSuccessCommand, SFNClient } from "@aws-sdk/client-sfn";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { TerminalEvent } from "../../lib/events/event.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { eventOf } from "../event.ts";
import { Waiting } from "./waiting.ts";

/** How a task ended, as the state machine has it. */
export type End = Pick<TerminalEvent["data"], "downloadUrl" | "dataSize" | "reason"> & { state: string };

/** Errors that say that nobody waits under a token any more. */
const OVER = new Set(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]);

/** Lets every execution that waits for a task go on. To do it twice harms nothing. */
export async function wake(
  { waiting, sfn }: { waiting: Waiting; sfn: SFNClient },
  task: TaskKey,
  { state, downloadUrl, dataSize, reason }: End,
): Promise<void> {
  const output = JSON.stringify({ state, downloadUrl, dataSize, reason });
  for (const waiter of await waiting.of(task)) {
    try {
      await sfn.send(new SendTaskSuccessCommand({ taskToken: waiter.taskToken, output }));
    } catch (error) {
      if (!OVER.has((error as Error).name)) throw error;
    }
    await waiting.remove(task, waiter);
  }
}

/**
 * The handler. Set `FunctionResponseTypes: [ReportBatchItemFailures]` on the event source, and give the queue a
 * dead-letter queue.
 */
export function handlerOf(clients: {
  waiting: Waiting;
  sfn: SFNClient;
}): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async ({ Records }) => {
    const failed = await Promise.all(
      Records.map(async ({ messageId, body }) => {
        try {
          const { data } = eventOf(body);
          await wake(clients, data, data);
          return [];
        } catch (error) {
          console.error(error);
          return [{ itemIdentifier: messageId }];
        }
      }),
    );
    return { batchItemFailures: failed.flat() };
  };
}

export const handler = handlerOf({
  waiting: new Waiting(
    DynamoDBDocumentClient.from(new DynamoDBClient()),
    process.env.WAITING_TABLE ?? "download-waiting",
  ),
  sfn: new SFNClient(),
});
