import { PublishBatchCommand, type PublishBatchRequestEntry, SNSClient } from "@aws-sdk/client-sns";
import { limitsOf } from "../aws/limits.ts";
import { errorName, SafeError } from "../safe-error.ts";
import { serialise, type TerminalEvent, taskHash } from "./event.ts";

/** SNS's limits for one call: ten messages, and 256 KiB including attributes, which the difference is for. */
const BATCH_SIZE = 10;
const BATCH_BYTES = 240_000;
/** How long an event waits for others to share its call, in milliseconds. */
const LINGER_MS = 20;

interface Waiting {
  event: TerminalEvent;
  message: string;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** SNS did not accept an event. The message has only SNS's code. */
export class PublishError extends SafeError {
  override readonly name = "PublishError";
}

/** Publishes events to the topic, ten to a call. */
export class EventPublisher {
  readonly #client: SNSClient;
  readonly #topicArn: string;
  readonly #fifo: boolean;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({
    topicArn,
    client = new SNSClient(limitsOf("events")),
  }: {
    topicArn: string;
    client?: SNSClient;
  }) {
    this.#client = client;
    this.#topicArn = topicArn;
    this.#fifo = topicArn.endsWith(".fifo");
  }

  /**
   * Resolves when SNS has the event.
   *
   * @throws {PublishError} when SNS may not have it
   */
  publish(event: TerminalEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      const message = serialise(event);
      if (this.#bytes + message.length > BATCH_BYTES) this.#flush();
      this.#bytes += message.length;
      this.#waiting.push({ event, message, resolve, reject });
      if (this.#waiting.length >= BATCH_SIZE) this.#flush();
      else this.#timer ??= setTimeout(() => this.#flush(), LINGER_MS);
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    this.#send(batch).catch((error) => {
      const reason = new PublishError(`SNS did not accept the event (${errorName(error)})`);
      for (const { reject } of batch) reject(reason);
    });
  }

  async #send(batch: Waiting[]): Promise<void> {
    const { Successful = [], Failed = [] } = await this.#client.send(
      new PublishBatchCommand({
        TopicArn: this.#topicArn,
        PublishBatchRequestEntries: batch.map((waiting, index) => this.#entry(waiting, index)),
      }),
    );
    for (const { Id } of Successful) batch[Number(Id)]?.resolve();
    const codes = new Map(Failed.map(({ Id, Code }) => [Number(Id), Code]));
    // Messages that SNS names neither as accepted nor as failed count as failed. Settling twice does nothing.
    batch.forEach(({ reject }, index) => {
      reject(new PublishError(`SNS did not accept the event (${codes.get(index) ?? "no answer"})`));
    });
  }

  #entry({ event, message }: Waiting, index: number): PublishBatchRequestEntry {
    const { type, data, correlationid } = event;
    const text = (StringValue: string) => ({ DataType: "String", StringValue });
    return {
      Id: String(index),
      Message: message,
      MessageAttributes: {
        type: text(type),
        state: text(data.state),
        orgId: text(data.orgId),
        channelId: text(data.channelId),
        ...(correlationid !== undefined && { correlationId: text(correlationid) }),
      },
      ...(this.#fifo && {
        MessageGroupId: taskHash(data),
        MessageDeduplicationId: event.id,
      }),
    };
  }
}
