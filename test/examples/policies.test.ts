import { globSync, readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVENT } from "../../docs/generator/events.ts";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { EventPublisher } from "../../lib/events/publisher.ts";
import { Cloud } from "../../local/cloud.ts";
import { tableFromSource } from "../../local/template.ts";

const policy = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../examples/policies/${name}.json`, import.meta.url), "utf8"));

const TOPIC = "arn:aws:sns:eu-central-1:123456789012:enos-download-status-prod-EventsTopic-XXXXXXXXXXXX";
const QUEUE = "arn:aws:sqs:eu-central-1:123456789012:downloads";
const OTHERS_QUEUE = "arn:aws:sqs:eu-central-1:210987654321:downloads";
const SNS = "sns.amazonaws.com";
const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

it("every policy and command names the topic alike, as CloudFormation generates its name", () => {
  const files = globSync("examples/policies/*");
  const named = files.flatMap((file) => readFileSync(file, "utf8").match(/arn:aws:sns:[\w:-]+/g) ?? []);
  expect(new Set(named)).toEqual(new Set([TOPIC]));
});

interface Request {
  principal: string;
  action: string;
  resource: string;
  context?: Record<string, string>;
}

/** Whether it is allowed, by the policy of the resource or by that of the principal. */
async function isAllowed(
  { principal, action, resource, context = {} }: Request,
  policies: { ofResource?: unknown; ofPrincipal?: unknown },
): Promise<boolean> {
  const result = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: resource.split(":")[4] ?? "" },
        contextVariables: context,
      },
      identityPolicies: policies.ofPrincipal ? [{ name: "own", policy: policies.ofPrincipal }] : [],
      serviceControlPolicies: [
        { orgIdentifier: "root", policies: [{ name: "everything", policy: EVERYTHING }] },
      ],
      resourceControlPolicies: [],
      resourcePolicy: policies.ofResource,
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

describe.each([
  ["queue", QUEUE, {}],
  ["queue-in-another-account", OTHERS_QUEUE, { "aws:SourceAccount": "123456789012" }],
])("the policy of %s", (name, queue, more) => {
  const send = (request: Partial<Request>) =>
    isAllowed(
      { principal: SNS, action: "sqs:SendMessage", resource: queue, ...request },
      { ofResource: policy(name) },
    );

  it("lets this topic send", async () => {
    expect(await send({ context: { "aws:SourceArn": TOPIC, ...more } })).toBe(true);
  });

  it("lets nobody else send, and the topic do nothing else", async () => {
    const fromTopic = { "aws:SourceArn": TOPIC, ...more };
    expect(await send({ context: { ...fromTopic, "aws:SourceArn": `${TOPIC}-2` } })).toBe(false);
    expect(await send({})).toBe(false);
    expect(await send({ principal: "events.amazonaws.com", context: fromTopic })).toBe(false);
    expect(await send({ action: "sqs:ReceiveMessage", context: fromTopic })).toBe(false);
    expect(await send({ resource: `${queue}-2`, context: fromTopic })).toBe(false);
  });
});

it("another account's queue does not accept messages of a topic with the same name elsewhere", async () => {
  const context = { "aws:SourceArn": TOPIC, "aws:SourceAccount": "999999999999" };
  const request = { principal: SNS, action: "sqs:SendMessage", resource: OTHERS_QUEUE, context };
  expect(await isAllowed(request, { ofResource: policy("queue-in-another-account") })).toBe(false);
});

it("the policy of a subscriber allows subscribing queues, and nothing else", async () => {
  const may = (request: Partial<Request>) =>
    isAllowed(
      {
        principal: "arn:aws:iam::123456789012:role/subscriber",
        action: "sns:Subscribe",
        resource: TOPIC,
        context: { "sns:Protocol": "sqs" },
        ...request,
      },
      { ofPrincipal: policy("subscriber") },
    );
  expect(await may({})).toBe(true);
  expect(await may({ context: { "sns:Protocol": "https" } })).toBe(false);
  expect(await may({ action: "sns:Publish" })).toBe(false);
  expect(await may({ resource: `${TOPIC}-2` })).toBe(false);
});

describe("the filter policies", () => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await Cloud.start(tableFromSource());
  });
  afterAll(() => cloud.close());

  const event = (subject: string, changes: object, correlationid?: string) => {
    const { correlationid: _, ...rest } = EVENT;
    return {
      ...rest,
      subject,
      id: Buffer.from(subject).toString("hex").padEnd(64, "0"),
      ...(correlationid && { correlationid }),
      data: { ...EVENT.data, ...changes },
    } as TerminalEvent;
  };

  it("match what they say", async () => {
    const filters = Object.entries(policy("filter-policies") as Record<string, Record<string, unknown>>);
    const queues = await Promise.all(
      filters.map(([, filter], index) => cloud.subscribe(`filtered-${index}`, filter)),
    );
    const publisher = new EventPublisher({ topicArn: cloud.topicArn, client: cloud.sns });
    await Promise.all(
      [
        event("file", { state: "succeeded" }),
        event("others", { state: "succeeded", orgId: "o2", channelId: "ch-2" }, "order-4711"),
        event("failed", { state: "failed", orgId: "o2", channelId: "ch-91b2aa" }, "order-4712"),
      ].map((each) => publisher.publish(each)),
    );
    const heard = await Promise.all(
      queues.map(async (queue) =>
        (await queue.poll(1)).map(({ body }) => (body as TerminalEvent).subject).sort(),
      ),
    );
    expect(Object.fromEntries(filters.map(([name], index) => [name, heard[index]]))).toEqual({
      "files of one organisation": ["file"],
      "what went wrong, of every organisation": ["failed"],
      "two channels": ["failed", "file"],
      "what one process waits for": ["others"],
      "what the processes of one kind wait for": ["failed", "others"],
      "what nobody gave a correlation id": ["file"],
    });
  });
});
