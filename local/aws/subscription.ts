import { type SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { type ReceivedMessage, watchers } from "./received.ts";

export interface SubscriptionOptions {
  readonly sns: SNSClient;
  /** Created with `useQueueUrlAsEndpoint: false` if it talks to fauxqs. */
  readonly sqs: SQSClient;
  readonly topicArn: string;
  /** Ends with `.fifo` for a FIFO topic. */
  readonly queueName: string;
  /** An SNS filter policy over message attributes; everything if omitted. */
  readonly filterPolicy?: Readonly<Record<string, unknown>>;
}

/** An SQS queue that is subscribed to a topic. */
export interface Subscription {
  readonly queueUrl: string;
  readonly subscriptionArn: string;
  /**
   * Receives up to ten messages and deletes them from the queue.
   *
   * @param waitSeconds how long to wait for the first one, 0 to 20
   */
  poll(waitSeconds: number, signal?: AbortSignal): Promise<ReceivedMessage[]>;
  /** Yields every message as it arrives, until the signal aborts. */
  receive(signal: AbortSignal): AsyncGenerator<ReceivedMessage, void, undefined>;
}

/** Creates the queue (or finds it) and subscribes it with raw message delivery. */
export async function subscribe(options: SubscriptionOptions): Promise<Subscription> {
  const { sns, sqs, topicArn, queueName, filterPolicy } = options;
  const fifo = queueName.endsWith(".fifo") ? { Attributes: { FifoQueue: "true" } } : undefined;
  const { QueueUrl: queueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queueName, ...fifo }));
  if (queueUrl === undefined) throw new Error(`SQS gave no URL for queue ${queueName}`);
  const { Attributes: attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] }),
  );
  const { SubscriptionArn: subscriptionArn } = await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: "sqs",
      Endpoint: attributes?.QueueArn,
      ReturnSubscriptionArn: true,
      Attributes: {
        RawMessageDelivery: "true",
        ...(filterPolicy === undefined ? undefined : { FilterPolicy: JSON.stringify(filterPolicy) }),
      },
    }),
  );
  if (subscriptionArn === undefined) throw new Error(`SNS gave no ARN for the subscription of ${queueName}`);

  const poll = async (waitSeconds: number, signal?: AbortSignal): Promise<ReceivedMessage[]> => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: waitSeconds,
        MessageAttributeNames: ["All"],
      }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    await remove(sqs, queueUrl, messages);
    const received = messages.map(toReceived);
    for (const message of received) for (const watch of watchers) watch(message);
    return received;
  };
  return { queueUrl, subscriptionArn, poll, receive: (signal) => receive(poll, signal) };
}

async function* receive(
  poll: (waitSeconds: number, signal: AbortSignal) => Promise<ReceivedMessage[]>,
  signal: AbortSignal,
): AsyncGenerator<ReceivedMessage, void, undefined> {
  while (!signal.aborted) {
    let messages: ReceivedMessage[];
    try {
      messages = await poll(20, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    yield* messages;
  }
}

/** @throws {Error} if a message could not be deleted: it would be received again and look like a second one */
async function remove(sqs: SQSClient, queueUrl: string, messages: Message[]): Promise<void> {
  if (messages.length === 0) return;
  const { Failed: failed = [] } = await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: messages.map((message, index) => ({
        Id: String(index),
        ReceiptHandle: message.ReceiptHandle,
      })),
    }),
  );
  if (failed.length > 0)
    throw new Error(`SQS did not delete ${failed.length} messages: ${failed[0]?.Message}`);
}

function toReceived(message: Message): ReceivedMessage {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.MessageAttributes ?? {})) {
    if (value.StringValue !== undefined) attributes[name] = value.StringValue;
  }
  return { body: JSON.parse(message.Body ?? "null"), attributes };
}
