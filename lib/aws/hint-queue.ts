import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type Hint, hintMessage } from "../callbacks/hint.ts";
import { AwsConnections } from "./connections.ts";

/** The queue of hints, from the side that fills it. */
export class HintQueue {
  readonly #url: string;
  readonly #client: SQSClient;

  constructor(
    url: string,
    client = new SQSClient({ maxAttempts: 3, requestHandler: new AwsConnections({ answerMs: 2_000 }) }),
  ) {
    this.#url = url;
    this.#client = client;
  }

  /** Resolves when the queue has the hint. */
  async send(hint: Hint, signal?: AbortSignal): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: this.#url,
      MessageBody: hintMessage(hint),
      // Fair queues: a flood of one organisation does not hold up the others' (on a standard queue it orders nothing).
      MessageGroupId: hint.orgId,
    });
    await this.#client.send(command, signal && { abortSignal: signal });
  }
}
