import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTopicCommand, PublishBatchCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Messaging, startMessaging } from "../../../local/aws/messaging.ts";
import { subscribe } from "../../../local/aws/subscription.ts";

let messaging: Messaging;
let sns: SNSClient;
let sqs: SQSClient;
let dataDir: string;

async function start() {
  messaging = await startMessaging({ dataDir });
  const common = {
    endpoint: messaging.url,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  };
  sns = new SNSClient(common);
  sqs = new SQSClient({ ...common, useQueueUrlAsEndpoint: false });
}

async function stop() {
  sns.destroy();
  sqs.destroy();
  await messaging.close();
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "messaging-"));
  await start();
});

afterEach(async () => {
  await stop();
  await rm(dataDir, { recursive: true });
});

const topic = async (Name: string, Attributes?: Record<string, string>) =>
  (await sns.send(new CreateTopicCommand({ Name, ...(Attributes && { Attributes }) }))).TopicArn as string;

const publish = (TopicArn: string, body: unknown, state: string) =>
  sns.send(
    new PublishCommand({
      TopicArn,
      Message: JSON.stringify(body),
      MessageAttributes: { state: { DataType: "String", StringValue: state } },
    }),
  );

describe("a subscription", () => {
  it("receives what its filter policy lets through, raw and once", async () => {
    const topicArn = await topic("events");
    const all = await subscribe({ sns, sqs, topicArn, queueName: "all" });
    const failed = await subscribe({
      sns,
      sqs,
      topicArn,
      queueName: "failed",
      filterPolicy: { state: ["failed"] },
    });
    await publish(topicArn, { n: 1 }, "succeeded");
    await publish(topicArn, { n: 2 }, "failed");
    expect(await failed.poll(1)).toEqual([{ body: { n: 2 }, attributes: { state: "failed" } }]);
    expect(await failed.poll(0)).toEqual([]);
    const bodies = (await all.poll(1)).map((message) => message.body);
    expect(bodies).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("yields messages as they arrive, until it is stopped", async () => {
    const topicArn = await topic("events");
    const subscription = await subscribe({ sns, sqs, topicArn, queueName: "all" });
    const stopping = new AbortController();
    const received: unknown[] = [];
    setTimeout(() => void publish(topicArn, { n: 1 }, "a").then(() => publish(topicArn, { n: 2 }, "a")), 50);
    for await (const message of subscription.receive(stopping.signal)) {
      received.push(message.body);
      if (received.length === 2) stopping.abort();
    }
    expect(received).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("stops waiting on request", async () => {
    const topicArn = await topic("events");
    const subscription = await subscribe({ sns, sqs, topicArn, queueName: "all" });
    const iterator = subscription.receive(AbortSignal.timeout(200));
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("receives from a FIFO topic, which accepts a deduplication id once", async () => {
    const topicArn = await topic("events.fifo", { FifoTopic: "true" });
    const subscription = await subscribe({ sns, sqs, topicArn, queueName: "all.fifo" });
    const entry = (Id: string, MessageDeduplicationId: string) => ({
      Id,
      Message: JSON.stringify(MessageDeduplicationId),
      MessageGroupId: "g",
      MessageDeduplicationId,
    });
    await sns.send(
      new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: [entry("1", "a"), entry("2", "b"), entry("3", "a")],
      }),
    );
    // fauxqs hands out one message of a group at a time.
    expect((await subscription.poll(1)).map((message) => message.body)).toEqual(["a"]);
    expect((await subscription.poll(1)).map((message) => message.body)).toEqual(["b"]);
    expect(await subscription.poll(0)).toEqual([]);
  });

  it("finds its messages after a restart", async () => {
    const topicArn = await topic("events");
    await subscribe({ sns, sqs, topicArn, queueName: "all" });
    await publish(topicArn, { n: 1 }, "a");
    await stop();
    await start();
    await publish(topicArn, { n: 2 }, "a");
    const again = await subscribe({ sns, sqs, topicArn, queueName: "all" });
    expect((await again.poll(1)).map((message) => message.body)).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
