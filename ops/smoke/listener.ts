import { randomBytes } from "node:crypto";
import { type SNSClient, SubscribeCommand, UnsubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { TerminalEvent } from "../../lib/events/event.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";

/** The longest that SQS lets a request wait, in seconds. */
const WAIT_SECONDS = 20;

/** A temporary queue that receives the events of a channel. */
export class Listener implements AsyncDisposable {
  readonly #sns: SNSClient;
  readonly #sqs: SQSClient;
  readonly #queueUrl: string;
  readonly #subscriptionArn: string | undefined;

  private constructor(
    { sns, sqs }: { sns: SNSClient; sqs: SQSClient },
    queueUrl: string,
    subscriptionArn: string | undefined,
  ) {
    this.#sns = sns;
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
    this.#subscriptionArn = subscriptionArn;
  }

  /** @param prefix of the queue's name */
  static async start(
    clients: { sns: SNSClient; sqs: SQSClient },
    topicArn: string,
    { orgId, channelId }: TaskKey,
    prefix: string,
  ): Promise<Listener> {
    const { sns, sqs } = clients;
    const QueueName = `${prefix}-${randomBytes(4).toString("hex")}`;
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName }));
    try {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
      );
      const arn = Attributes?.QueueArn;
      const Policy = JSON.stringify(topicMaySend(arn, topicArn));
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
      const FilterPolicy = JSON.stringify({ orgId: [orgId], channelId: [channelId] });
      const { SubscriptionArn } = await sns.send(
        new SubscribeCommand({
          TopicArn: topicArn,
          Protocol: "sqs",
          Endpoint: arn,
          ReturnSubscriptionArn: true,
          Attributes: { RawMessageDelivery: "true", FilterPolicy },
        }),
      );
      return new Listener(clients, QueueUrl, SubscriptionArn);
    } catch (error) {
      await sqs.send(new DeleteQueueCommand({ QueueUrl })).catch(() => {});
      throw error;
    }
  }

  /** The terminal event of a task; undefined if there is none before the signal. */
  async hear({ taskId }: TaskKey, until: AbortSignal): Promise<TerminalEvent | undefined> {
    while (!until.aborted) {
      try {
        const receive = new ReceiveMessageCommand({
          QueueUrl: this.#queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: WAIT_SECONDS,
        });
        const { Messages = [] } = await this.#sqs.send(receive, { abortSignal: until });
        const events = Messages.map(({ Body = "null" }) => JSON.parse(Body) as TerminalEvent);
        const event = events.find(({ subject }) => subject === taskId);
        if (event) return event;
      } catch (error) {
        if (!until.aborted) throw error;
      }
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#subscriptionArn) {
      await this.#sns.send(new UnsubscribeCommand({ SubscriptionArn: this.#subscriptionArn }));
    }
    await this.#sqs.send(new DeleteQueueCommand({ QueueUrl: this.#queueUrl }));
  }
}

function topicMaySend(queueArn: string | undefined, topicArn: string): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: queueArn,
        Condition: { ArnEquals: { "aws:SourceArn": topicArn } },
      },
    ],
  };
}
