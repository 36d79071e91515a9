import { randomUUID } from "node:crypto";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { apiEvent, taskEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { newTask } from "./service.ts";

// What is deployed: the packaged functions, on the table that the packaged template describes.

let cloud: Cloud;
let enos: EnosSimulator;
let status: LambdaProcess;
let track: LambdaProcess;
let sweep: LambdaProcess;

beforeAll(async () => {
  [cloud, enos] = await Promise.all([Cloud.start(tableFromSource()), startEnosSimulator()]);
  const env = cloud.env(enos.url);
  [status, track, sweep] = (await Promise.all(
    (["status", "track", "sweep"] as const).map((name) => LambdaProcess.start(unpack(name), env)),
  )) as [LambdaProcess, LambdaProcess, LambdaProcess];
});

afterAll(async () => {
  await Promise.all([status, track, sweep].map((lambda) => lambda[Symbol.asyncDispose]()));
  await enos.close();
  await cloud.close();
});

async function organisation(): Promise<string> {
  const orgId = `o${randomUUID()}`;
  const credentials = { accessKey: `key-of-${orgId}`, secretKey: "example-secret-key" };
  enos.putOrganisation({ orgId, ...credentials });
  await cloud.putSecret(orgId, credentials);
  return orgId;
}

/** Status and `data` of an answer. */
async function call(lambda: LambdaProcess, event: unknown): Promise<{ statusCode?: number; data: unknown }> {
  const { statusCode, body } = await lambda.invoke<APIGatewayProxyStructuredResultV2>(event);
  return { ...(statusCode && { statusCode }), data: body && JSON.parse(body).data };
}

const FILE = { downloadUrl: "http://files.enos.example/a.zip", dataSize: 1234 };

function endingIn(orgId: string, progressCode: number): TaskKey {
  const file = progressCode === 3 ? FILE : {};
  return newTask(enos, orgId, [{ afterMs: 0, progressCode, progressDesc: "as told", ...file }]);
}

test("lookup", async () => {
  const task = endingIn(await organisation(), 3);
  expect(await call(status, taskEvent("status", task))).toEqual({
    statusCode: 200,
    data: { ...task, ...FILE, progressCode: 3, progressDesc: "as told", state: "succeeded", terminal: true },
  });
});

test("tracking, and a sweep whose events reach only the subscribers that want them", async () => {
  const orgId = await organisation();
  const other = await organisation();
  const everything = await cloud.subscribe("everything", { orgId: [orgId] });
  const failures = await cloud.subscribe("failures", { orgId: [orgId], state: ["failed", "cancelled"] });
  const successes = await cloud.subscribe("successes", {
    orgId: [orgId],
    type: ["enos.download.succeeded"],
    channelId: ["ch-dee0c5"],
  });
  const tasks = {
    succeeded: endingIn(orgId, 3),
    failed: endingIn(orgId, 2),
    cancelled: endingIn(orgId, 5),
    expired: endingIn(orgId, 7),
  };
  const open = endingIn(orgId, 1);
  for (const task of [...Object.values(tasks), open, endingIn(other, 3)]) {
    expect(await call(track, taskEvent("put", task))).toMatchObject({ statusCode: 201 });
  }

  const summary = await sweep.invoke<SweepSummary>({});
  expect(summary).toMatchObject({
    checked: 6,
    published: 5,
    finished: { succeeded: 2, failed: 1, cancelled: 1, expired: 1 },
    failed: {},
    ended: "done",
  });

  const statesIn = async (subscription: typeof everything) => {
    const messages = await subscription.poll(1);
    for (const { attributes, body } of messages) {
      const { state, ...names } = attributes;
      const task = tasks[state as keyof typeof tasks];
      expect(names).toEqual({ type: `enos.download.${state}`, orgId, channelId: task.channelId });
      expect(body).toMatchObject({ subject: task.taskId, data: { ...task, state } });
    }
    return messages.map(({ attributes }) => attributes.state).sort();
  };
  expect(await statesIn(everything)).toEqual(["cancelled", "expired", "failed", "succeeded"]);
  expect(await statesIn(failures)).toEqual(["cancelled", "failed"]);
  expect(await statesIn(successes)).toEqual(["succeeded"]);

  for (const [state, task] of Object.entries(tasks)) {
    const record = await call(track, taskEvent("get", task));
    expect(record).toMatchObject({ statusCode: 200, data: { state, finishedAt: expect.any(String) } });
  }
  const running = await call(track, apiEvent("list", `orgId=${orgId}&state=running`));
  expect(running).toMatchObject({ statusCode: 200, data: { tasks: [open], cursor: null } });

  // Once more, when the tasks are done: nothing is announced twice.
  await sweep.invoke<SweepSummary>({});
  expect(await everything.poll(0)).toEqual([]);
});
