import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { PublishCommand } from "@aws-sdk/client-sns";
import { type Message, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EVENT } from "../../docs/generator/events.ts";
import { handlerOf } from "../../examples/lambda-behind-sqs/handler.ts";
import { work } from "../../examples/queue-worker/worker.ts";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { EventPublisher } from "../../lib/events/publisher.ts";
import { Cloud } from "../../local/cloud.ts";
import { tableFromSource } from "../../local/template.ts";
import { lambdaContext } from "../support/scene.ts";

let cloud: Cloud;
let acted: TerminalEvent[] = [];
let isBroken = true;

beforeAll(async () => {
  cloud = await Cloud.start(tableFromSource());
});

afterAll(() => cloud.close());
beforeEach(() => {
  acted = [];
});

const eventOf = (id: string, subject = id) =>
  ({ ...EVENT, id: id.padEnd(64, "0"), subject }) as TerminalEvent;

/** Whatever it is, as somebody with the topic's permission can publish it. */
const publish = (body: string) =>
  cloud.sns.send(new PublishCommand({ TopicArn: cloud.topicArn, Message: body }));

const act = async (event: TerminalEvent) => {
  if (event.subject === "fails" && isBroken) throw new Error("the work failed");
  acted.push(event);
};

describe("a Lambda function behind SQS", () => {
  it("acts once for each event id, and returns only the messages that failed", async () => {
    await cloud.dynamodb.send(
      new CreateTableCommand({
        TableName: "download-events",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      }),
    );
    // Powertools names the function in its keys.
    process.env.AWS_LAMBDA_FUNCTION_NAME = "example";
    const store = new DynamoDBPersistenceLayer({
      tableName: "download-events",
      awsSdkV3Client: cloud.dynamodb,
    });
    const handler = handlerOf(act, store);
    const queue = await cloud.subscribe("lambda");
    const events = new EventPublisher({ topicArn: cloud.topicArn, client: cloud.sns });
    // One event twice, as a sweep that died between publishing and writing makes it.
    await Promise.all(
      [eventOf("a"), eventOf("a"), eventOf("b"), eventOf("c", "fails")].map((event) => events.publish(event)),
    );
    await publish("no event");
    const messages: Message[] = [];
    while (messages.length < 5) {
      const receive = new ReceiveMessageCommand({
        QueueUrl: queue.queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
      });
      messages.push(...((await cloud.sqs.send(receive)).Messages ?? []));
    }
    const records = messages.map(({ MessageId, Body }) => ({ messageId: MessageId, body: Body }));
    const { batchItemFailures } = await handler({ Records: records } as SQSEvent, lambdaContext());
    expect(acted.map(({ subject }) => subject).sort()).toEqual(["a", "b"]);
    const failed = batchItemFailures.map(
      ({ itemIdentifier }) => records.find(({ messageId }) => messageId === itemIdentifier)?.body,
    );
    // A copy that comes while the first is at work fails too.
    const copies = new Set(failed.filter((body) => body !== JSON.stringify(eventOf("a"))));
    expect(copies).toEqual(new Set([JSON.stringify(eventOf("c", "fails")), "no event"]));

    isBroken = false;
    // What failed comes again, and what was done does too where SQS lost the answer.
    const again = records.filter(({ body }) => body !== "no event");
    expect(await handler({ Records: again } as SQSEvent, lambdaContext())).toEqual({ batchItemFailures: [] });
    expect(acted.map(({ subject }) => subject).sort()).toEqual(["a", "b", "fails"]);
  });
});

describe("a worker with a queue", () => {
  it("acts on messages, leaves failed ones in the queue, and stops on request", async () => {
    const queue = await cloud.subscribe("worker", { state: ["succeeded"] });
    const events = new EventPublisher({ topicArn: cloud.topicArn, client: cloud.sns });
    const stop = new AbortController();
    const errors: unknown[] = [];
    const done = work({
      sqs: cloud.sqs,
      queueUrl: queue.queueUrl,
      signal: stop.signal,
      onError: (error) => errors.push(error),
      async act(event) {
        if (event.subject === "bad") throw new Error("the work failed");
        acted.push(event);
        if (acted.length === 2) stop.abort();
      },
    });
    await Promise.all(
      [eventOf("d", "bad"), eventOf("e"), eventOf("f")].map((event) => events.publish(event)),
    );
    await done;
    expect(acted.map(({ subject }) => subject).sort()).toEqual(["e", "f"]);
    expect(acted[0]?.data).toEqual(EVENT.data);
    // Where the bad one came with the others or before them.
    expect(errors.length).toBeLessThanOrEqual(1);
  });
});
