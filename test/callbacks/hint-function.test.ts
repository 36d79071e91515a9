import type { SQSBatchResponse } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hintMessage } from "../../lib/callbacks/hint.ts";
import type { TerminalEvent } from "../../lib/events/event.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { Subscription } from "../../local/aws/subscription.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { hintEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { AwsProxy } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { ENDED, RUNNING } from "../support/scene.ts";

// The packaged function, with messages as Lambda hands them over.

const ORG = "o15504722874071";
let cloud: Cloud;
let enos: EnosSimulator;
let proxy: AwsProxy;
let hint: LambdaProcess;
let events: Subscription;

beforeAll(async () => {
  cloud = await Cloud.start(tableFromSource());
  enos = await startEnosSimulator();
  const keys = { accessKey: "an-access-key", secretKey: "example-secret-key" };
  enos.putOrganisation({ orgId: ORG, ...keys });
  await cloud.putSecret(ORG, keys);
  events = await cloud.subscribe("everything");
  proxy = await AwsProxy.start(cloud.urls);
  hint = await LambdaProcess.start(unpack("hint"), { ...cloud.env(enos.url), ...proxy.env });
});
afterAll(async () => {
  await hint[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await cloud.close();
  await enos.close();
});
beforeEach(() => {
  proxy.observed.length = 0;
});

function task(taskId: string, timeline?: readonly object[]): TaskKey {
  const key = { orgId: ORG, channelId: "ch-1", taskId };
  if (timeline) enos.putTask({ ...key, timeline: [...timeline] as never });
  return key;
}

/** For how long the function put off which messages, in seconds. */
const putOff = () =>
  proxy.observed
    .filter(({ call }) => call.action === "ChangeMessageVisibility")
    .map(({ call }) => [call.input.ReceiptHandle, call.input.VisibilityTimeout]);

const subjects = async () => (await events.poll(0)).map(({ body }) => (body as TerminalEvent).subject);

describe("the function hint", () => {
  it("completes hints whose task has ended, is unknown or unreadable, and postpones the rest", async () => {
    const event = hintEvent(
      hintMessage(task("ended", ENDED.succeeded)),
      hintMessage(task("running", RUNNING)),
      hintMessage(task("nobody")),
      "not a hint",
      hintMessage({ ...task("ended"), orgId: "no-secret" }),
    );
    const { batchItemFailures } = await hint.invoke<SQSBatchResponse>(event);
    expect(batchItemFailures).toEqual([{ itemIdentifier: "message-1" }, { itemIdentifier: "message-4" }]);
    expect(putOff()).toEqual([
      ["handle-1", 5],
      ["handle-4", 10],
    ]);
    expect(await subjects()).toEqual(["ended"]);
  });

  it("checks a task once, however many hints of it are in the batch", async () => {
    const message = hintMessage(task("thrice", ENDED.failed));
    const { batchItemFailures } = await hint.invoke<SQSBatchResponse>(hintEvent(message, message, message));
    expect(batchItemFailures).toEqual([]);
    expect(enos.taskRequests(ORG)["ch-1/thrice"]).toBe(1);
    expect(await subjects()).toEqual(["thrice"]);
  });

  it("leaves a task that still runs to the sweep after a few tries", async () => {
    const event = hintEvent(hintMessage(task("long", RUNNING)));
    const [record] = event.Records;
    if (!record) throw new Error("there is a record");
    record.attributes.ApproximateReceiveCount = "3";
    expect((await hint.invoke<SQSBatchResponse>(event)).batchItemFailures).toEqual([]);
  });

  it("returns hints to the queue even if it cannot postpone them", async () => {
    proxy.add({
      matches: ({ action }) => action === "ChangeMessageVisibility",
      fate: { kind: "refuse", httpStatus: 400, code: "MessageNotInflight" },
    });
    const event = hintEvent(hintMessage(task("early", RUNNING)));
    const { batchItemFailures } = await hint.invoke<SQSBatchResponse>(event);
    proxy.clear();
    expect(batchItemFailures).toEqual([{ itemIdentifier: "message-0" }]);
  });

  it("postpones everything while the table is unavailable, so that it is tried for a day", async () => {
    proxy.add({
      matches: ({ service }) => service === "dynamodb",
      fate: { kind: "refuse", httpStatus: 400, code: "ResourceNotFoundException" },
    });
    const event = hintEvent(hintMessage(task("t1", ENDED.failed)), hintMessage(task("t2", ENDED.failed)));
    const { batchItemFailures } = await hint.invoke<SQSBatchResponse>(event);
    proxy.clear();
    expect(batchItemFailures).toHaveLength(2);
    expect(putOff().map(([, seconds]) => seconds)).toEqual([10, 10]);
    expect((await hint.invoke<SQSBatchResponse>(event)).batchItemFailures).toEqual([]);
    expect(new Set(await subjects())).toEqual(new Set(["t1", "t2"]));
  });

  it("emits the outcomes of hints, and the time since they arrived", async () => {
    await hint.invoke(hintEvent(hintMessage(task("measured", ENDED.succeeded))));
    const metrics = hint.output
      .split("\n")
      .filter((line) => line.includes("HintsEnded"))
      .map((line) => JSON.parse(line));
    const last = metrics.at(-1);
    expect(last).toMatchObject({ HintsEnded: 1, HintsEarly: 0, HintsFailed: 0 });
    expect([last.HintToEvent].flat()).toHaveLength(1);
    await subjects();
  });
});
