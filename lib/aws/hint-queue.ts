import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { type Hint, hintMessage, parseHint } from "../callbacks/hint.ts";
import { limitsOf } from "./limits.ts";

/** The queue of hints. */
export class HintQueue {
  readonly #url: string;
  readonly #client = new SQSClient(limitsOf("hints"));

  constructor({ url }: { url: string }) {
    this.#url = url;
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

/** A message as Lambda hands it over. */
export interface ReceivedHint {
  /** Undefined for a message that this service did not write. */
  task: Hint | undefined;
  /** How often it was received, this time included. */
  tries: number;
  /** Unix milliseconds. */
  sentAt: number;
  messageId: string;
  receiptHandle: string;
}

/** Reads a message of the queue. */
export function receivedHint({ messageId, receiptHandle, body, attributes }: SQSRecord): ReceivedHint {
  return {
    task: parseHint(body),
    tries: Number(attributes.ApproximateReceiveCount) || 1,
    sentAt: Number(attributes.SentTimestamp),
    messageId,
    receiptHandle,
  };
}
