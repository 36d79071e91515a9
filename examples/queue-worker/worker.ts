/** A program that long-polls a queue that is subscribed to the topic, with raw message delivery. */
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { eventOf } from "../event.ts";

/** The longest that SQS lets a request wait. */
const WAIT_SECONDS = 20;
/** Pause after a request that failed, in milliseconds: SQS, or the way to it, is out. */
const PAUSE_MS = 5_000;

/** What a worker needs. */
export interface WorkerOptions {
  sqs: SQSClient;
  queueUrl: string;
  /** What is to happen for each event; it can be called twice for one, with the same `id`. */
  act: (event: TerminalEvent) => Promise<void>;
  /** Hears of what went wrong; the message stays in the queue and comes again. */
  onError: (error: unknown) => void;
  /** Ends the work, once what was received is done. */
  signal: AbortSignal;
}

/** Works until the signal: receives up to ten messages, acts on each, and deletes those that are done. */
export async function work({ sqs, queueUrl, act, onError, signal }: WorkerOptions): Promise<void> {
  while (!signal.aborted) {
    let messages: Message[] = [];
    try {
      const receive = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: WAIT_SECONDS,
      });
      messages = (await sqs.send(receive, { abortSignal: signal })).Messages ?? [];
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await Promise.all(
      messages.map(async ({ Body, ReceiptHandle }) => {
        try {
          await act(eventOf(Body ?? ""));
          // Only now: a worker that dies before has the message again when its visibility timeout is over.
          await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
        } catch (error) {
          onError(error);
        }
      }),
    );
  }
}

if (import.meta.main) {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  await work({
    sqs: new SQSClient(),
    queueUrl: process.env.QUEUE_URL ?? "",
    act: async ({ type, subject, data }) => console.log(type, subject, data.downloadUrl),
    onError: (error) => console.error(error),
    signal: stop.signal,
  });
}
