import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";

const BATCH = 10;
const WAIT_SECONDS = 20;
/** The pause after a failed call, in milliseconds. */
const PAUSE_MS = 1_000;

/** The queue, and how the function is invoked. */
export interface EventSourceOptions {
  sqs: SQSClient;
  queueUrl: string;
  /** Maximum number of concurrent batches. */
  concurrency: number;
  /** Invokes the function; rejects if it fails. */
  invoke: (event: SQSEvent) => Promise<SQSBatchResponse | null | undefined>;
  /** Called with a description of every error. */
  onTrouble: (text: string) => void;
}

/**
 * Does what Lambda does for a function with an SQS queue (AWS Lambda's guide, "Using Lambda with Amazon SQS"): receives
 * messages, invokes the function with them, and deletes those that it did not report as failed. Those come again when
 * their visibility timeout is over.
 */
export class EventSource implements AsyncDisposable {
  readonly #options: EventSourceOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(options: EventSourceOptions) {
    this.#options = options;
    this.#running = Promise.all(Array.from({ length: options.concurrency }, () => this.#run()));
  }

  /** Receives no more messages and waits for the batches in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#takeBatch();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onTrouble((error as Error).message);
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, PAUSE_MS);
          signal.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve(undefined);
          });
        });
      }
    }
  }

  async #takeBatch(): Promise<void> {
    const { sqs, queueUrl, invoke } = this.#options;
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageSystemAttributeNames: ["All"],
      }),
      { abortSignal: this.#stop.signal },
    );
    if (messages.length === 0) return;
    const response = await invoke({ Records: messages.map((message) => recordOf(message, queueUrl)) });
    const failed = new Set(response?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId ?? ""));
    if (done.length === 0) return;
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  }
}

function recordOf(message: Message, queueUrl: string): SQSRecord {
  const name = queueUrl.split("/").at(-1);
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: message.Attributes as unknown as SQSRecord["attributes"],
    messageAttributes: {},
    md5OfBody: message.MD5OfBody ?? "",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${name}`,
    awsRegion: "eu-central-1",
  };
}
