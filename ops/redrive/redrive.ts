import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import * as z from "zod/mini";
import { stackName } from "../../infra/names.ts";

/** The names of a stage's sweep function and of its dead-letter queue. */
export function sweepNames(stage: string): { functionName: string; queueName: string } {
  const prefix = `${stackName(stage)}-sweep`;
  return { functionName: prefix, queueName: `${prefix}-dead-letters` };
}

/** The outcome for one message of the dead-letter queue. */
export interface Redriven {
  messageId: string;
  /** The sweep's answer; absent if the message stays in the queue. */
  summary?: string;
  /** Why the message stays in the queue. */
  problem?: string;
}

/** Lambda's record of a failed asynchronous invocation. */
const FailureRecord = z.object({ requestPayload: z.unknown() });

/** Longer than a sweep may take, so that nobody else receives the message while its sweep runs. */
const HIDDEN_SECONDS = 180;

/**
 * Repeats every failed sweep in the dead-letter queue, one after the other. A record is
 * deleted once its sweep has succeeded, and stays in the queue otherwise.
 *
 * SQS' own redrive does not help here: it only serves queues whose source is another queue.
 *
 * @param report called with the outcome of each message
 */
export async function redrive(
  clients: { sqs: SQSClient; lambda: LambdaClient },
  names: { functionName: string; queueName: string },
  report: (redriven: Redriven) => void,
): Promise<Redriven[]> {
  const { sqs, lambda } = clients;
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.queueName }));
  const done: Redriven[] = [];
  const left: Message[] = [];
  for (;;) {
    const message = await receive(sqs, QueueUrl);
    // A message that is visible again means that all others have had their turn.
    if (!message || done.some(({ messageId }) => messageId === message.MessageId)) break;
    const redriven = await repeat(lambda, names.functionName, message);
    if (redriven.problem === undefined) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    } else {
      left.push(message);
    }
    done.push(redriven);
    report(redriven);
  }
  // Only now, or the loop would receive them again. If this fails, the message has become visible by itself.
  for (const { ReceiptHandle } of left) {
    await sqs
      .send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }))
      .catch(() => undefined);
  }
  return done;
}

async function receive(sqs: SQSClient, QueueUrl: string | undefined): Promise<Message | undefined> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 1,
      VisibilityTimeout: HIDDEN_SECONDS,
      WaitTimeSeconds: 1,
    }),
  );
  return Messages?.[0];
}

async function repeat(lambda: LambdaClient, FunctionName: string, message: Message): Promise<Redriven> {
  const messageId = message.MessageId ?? "unknown";
  const request = requestOf(message.Body ?? "");
  if (request === undefined) return { messageId, problem: "it is not the record of a failed sweep" };
  try {
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: request }));
    const text = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError) return { messageId, problem: `the sweep failed again: ${text}` };
    return { messageId, summary: text };
  } catch (error) {
    return { messageId, problem: `the sweep could not be invoked: ${String(error)}` };
  }
}

/** The event of the failed sweep, as JSON; undefined if the message does not contain it. */
function requestOf(body: string): string | undefined {
  try {
    return JSON.stringify(FailureRecord.parse(JSON.parse(body)).requestPayload);
  } catch {
    return undefined;
  }
}
