import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type Hint, hintMessage } from "../callbacks/hint.ts";
import { AwsConnections } from "./connections.ts";

/** The queue of hints. */
export class HintQueue {
  readonly #url: string;
  readonly #client: SQSClient;

  constructor({
    url,
    client = new SQSClient({ maxAttempts: 3, requestHandler: new AwsConnections({ answerMs: 2_000 }) }),
  }: {
    url: string;
    client?: SQSClient;
  }) {
    this.#url = url;
    this.#client = client;
  }

  /** Resolves when the queue has the hint. */
  async send(hint: Hint, signal?: AbortSignal): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: this.#url,
      MessageBody: hintMessage(hint),
      // For fair queues: one organisation's flood does not hold up the others. On a standard queue it orders nothing.
      MessageGroupId: hint.orgId,
    });
    await this.#client.send(command, signal && { abortSignal: signal });
  }

  /**
   * Makes a received message visible again after so many seconds. If that fails, it becomes visible after the queue's
   * visibility timeout.
   */
  async putOff(receiptHandle: string, seconds: number): Promise<void> {
    try {
      await this.#client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: this.#url,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        }),
      );
    } catch {
      // Later is good enough.
    }
  }
}
