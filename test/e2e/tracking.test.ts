import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../lib/store/index-key.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { type TaskKey, taskPath } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import { newTask, outcome, type ServiceUnderTest, startService } from "./service.ts";

let under: ServiceUnderTest;

beforeAll(async () => {
  under = await startService();
  const named = ["o-once", "o-many", "o-anew", "o-here", "o-damaged", "o-cache", "o-list", "o-list-2"];
  for (const orgId of named) await under.organisation(orgId);
});

afterAll(() => under[Symbol.asyncDispose]());

const NOTHING_YET = {
  state: "pending",
  progressCode: null,
  progressDesc: null,
  downloadUrl: null,
  dataSize: null,
  finishedAt: null,
  reason: null,
  correlationId: null,
  labels: {},
  traceparent: null,
  deadlineAt: null,
};

/** Invokes the sweep as an operator does, through Lambda's API. */
async function sweepByHand(event: object): Promise<SweepSummary> {
  const lambda = new LambdaClient({
    region: "eu-central-1",
    endpoint: under.service.functions.lambdaUrl,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const answer = await lambda.send(
    new InvokeCommand({
      FunctionName: "enos-download-status-dev-sweep",
      Payload: JSON.stringify(event),
    }),
  );
  lambda.destroy();
  return JSON.parse(Buffer.from(answer.Payload ?? []).toString());
}

describe("one task", () => {
  test("is tracked once, even if it is put repeatedly", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-once");
    const first = await service.client.track(task);
    expect(outcome(first)).toEqual([201, 0]);
    const record = first.envelope?.data as TrackedTask;
    expect(record).toEqual({
      ...task,
      ...NOTHING_YET,
      trackedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      stateSince: record.trackedAt,
      notFound: null,
    });

    const second = await service.client.track(task);
    expect(outcome(second)).toEqual([200, 0]);
    expect(second.envelope?.data).toEqual(record);

    const read = await service.client.record(task);
    expect(outcome(read)).toEqual([200, 0]);
    expect(read.envelope?.data).toEqual(record);
  });

  test("is created once by concurrent requests", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-many");
    const answers = await Promise.all(Array.from({ length: 4 }, () => service.client.track(task)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201]);
    expect(new Set(answers.map(({ envelope }) => envelope?.data.trackedAt)).size).toBe(1);
  });

  test("that is not tracked is 404, and can still be deleted", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-nobody");
    expect(outcome(await service.client.record(task))).toEqual([404, 99404]);
    expect(outcome(await service.client.untrack(task))).toEqual([204]);
  });

  test("of an organisation without a secret is not tracked, nor of one whose secret is to be deleted", async () => {
    const { enos, service } = under;
    const forsaken = await under.organisation();
    await service.cloud.secrets.send(new DeleteSecretCommand({ SecretId: `enos/${forsaken}` }));
    for (const orgId of ["o-without", forsaken]) {
      const task = newTask(enos, orgId);
      const answer = await service.client.track(task);
      expect(outcome(answer)).toEqual([403, 99403]);
      expect(answer.envelope?.msg).toBe((await service.client.status(task)).envelope?.msg);
      expect(outcome(await service.client.record(task))).toEqual([404, 99404]);
      expect(outcome(await service.client.untrack(task))).toEqual([204]);
    }
  });

  test("can be deleted twice, and starts again when put", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-anew");
    const before = await service.client.track(task);
    expect(outcome(await service.client.untrack(task))).toEqual([204]);
    expect(outcome(await service.client.untrack(task))).toEqual([204]);
    expect(outcome(await service.client.record(task))).toEqual([404, 99404]);
    const after = await service.client.track(task);
    expect(outcome(after)).toEqual([201, 0]);
    expect(Date.parse(after.envelope?.data.trackedAt ?? "")).toBeGreaterThan(
      Date.parse(before.envelope?.data.trackedAt ?? ""),
    );
  });

  test("with the same name in another organisation or channel is another task", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-here");
    await service.client.track(task);
    expect(outcome(await service.client.record({ ...task, orgId: "o-there" }))).toEqual([404, 99404]);
    expect(outcome(await service.client.record({ ...task, channelId: "ch-2" }))).toEqual([404, 99404]);
  });

  test("with a damaged item does not exist, until it is put again", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-damaged");
    const { client, table } = service.cloud.db;
    await client.send(new PutCommand({ TableName: table, Item: { ...keyOf(task), state: "?" } }));
    expect(outcome(await service.client.record(task))).toEqual([404, 99404]);
    expect(outcome(await service.client.track(task))).toEqual([201, 0]);
    expect(outcome(await service.client.record(task))).toEqual([200, 0]);
  });

  test("must not be cached", async () => {
    const { enos, service } = under;
    const task = newTask(enos, "o-cache");
    for (const answer of [
      await service.client.track(task),
      await service.client.record(task),
      await service.client.list({ orgId: task.orgId }),
      await service.client.untrack(task),
      await service.client.record(task),
    ]) {
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test.each([
    ["PUT", ""],
    ["GET", "?orgId="],
    ["DELETE", "?orgId=a&orgId=b"],
    ["PUT", "?orgId=a.b"],
  ])("%s with %j is 400", async (method, query) => {
    const path = `${taskPath({ channelId: "c", taskId: "t" })}/tracking${query}`;
    expect(outcome(await under.service.client.request(method, path))).toEqual([400, 99400]);
  });
});

describe("a list", () => {
  const ORG = "o-list";
  const all: TaskKey[] = [];

  beforeAll(async () => {
    const { enos, service } = under;
    for (let index = 0; index < 7; index++) {
      const task = newTask(enos, ORG);
      all.push(task);
      await service.client.track(task);
    }
    await service.client.track(newTask(enos, "o-list-2"));
  });

  const idsOf = (tasks: readonly TaskKey[] = []) => tasks.map(({ taskId }) => taskId).sort();

  test("contains all tasks of the organisation, and no others", async () => {
    const { status, envelope } = await under.service.client.list({ orgId: ORG });
    expect(status).toBe(200);
    expect(idsOf(envelope?.data.tasks)).toEqual(idsOf(all));
    expect(envelope?.data.cursor).toBeNull();
  });

  test.each([1, 3, 7])("in pages of %i has everything once", async (limit) => {
    const seen: TaskKey[] = [];
    let query: Record<string, string> = { orgId: ORG, limit: String(limit) };
    for (;;) {
      const { envelope } = await under.service.client.list(query);
      expect(envelope?.data.tasks.length).toBeLessThanOrEqual(limit);
      seen.push(...(envelope?.data.tasks ?? []));
      const cursor = envelope?.data.cursor;
      if (!cursor) break;
      query = { ...query, cursor };
    }
    expect(idsOf(seen)).toEqual(idsOf(all));
  });

  test("of a state contains only tasks in that state", async () => {
    const { client } = under.service;
    const pending = await client.list({ orgId: ORG, state: "pending" });
    expect(idsOf(pending.envelope?.data.tasks)).toEqual(idsOf(all));
    const succeeded = await client.list({ orgId: ORG, state: "succeeded" });
    expect(succeeded.envelope?.data).toEqual({ tasks: [], cursor: null });
  });

  test("with another organisation's cursor stays in its own organisation", async () => {
    const { client } = under.service;
    const { envelope } = await client.list({ orgId: ORG, limit: "1" });
    const cursor = envelope?.data.cursor ?? "";
    const other = await client.list({ orgId: "o-list-2", cursor });
    for (const task of other.envelope?.data.tasks ?? []) expect(task.orgId).toBe("o-list-2");
  });

  test.each([
    ["no organisation", {}],
    ["a state that there is not", { orgId: ORG, state: "finished" }],
    ["a limit of 0", { orgId: ORG, limit: "0" }],
    ["a limit of 101", { orgId: ORG, limit: "101" }],
    ["a limit that is no number", { orgId: ORG, limit: "ten" }],
    ["a cursor of somebody's own", { orgId: ORG, cursor: "not a cursor!" }],
  ])("with %s is 400", async (_what, query) => {
    expect(outcome(await under.service.client.list(query as Record<string, string>))).toEqual([400, 99400]);
  });
});

test("a manual sweep announces what has ended, as the record shows", async () => {
  const { enos, service } = under;
  const orgId = await under.organisation();
  const file = { downloadUrl: "http://files.enos.example/a.zip", dataSize: 1234 };
  const ended = newTask(enos, orgId, [{ afterMs: 0, progressCode: 3, progressDesc: "success", ...file }]);
  const open = newTask(enos, orgId, [{ afterMs: 0, progressCode: 1 }]);
  const subscription = await service.cloud.subscribe("by-hand", { orgId: [orgId] });
  await service.client.track(ended);
  await service.client.track(open);

  const summary = await sweepByHand({});
  expect(summary).toMatchObject({ finished: { succeeded: 1 }, published: 1 });
  const [message, ...more] = await subscription.poll(5);
  expect(more).toEqual([]);
  const facts = {
    ...ended,
    ...file,
    state: "succeeded",
    progressCode: 3,
    progressDesc: "success",
    reason: null,
  };
  expect(message?.body).toMatchObject({
    type: "enos.download.succeeded",
    subject: ended.taskId,
    data: facts,
  });

  const record = (await service.client.record(ended)).envelope?.data;
  expect(record).toMatchObject({ ...facts, finishedAt: expect.any(String) });
  expect((await service.client.record(open)).envelope?.data).toMatchObject({
    state: "running",
    finishedAt: null,
  });
  const list = await service.client.list({ orgId, state: "succeeded" });
  expect(list.envelope?.data.tasks).toEqual([record]);
  expect(outcome(await service.client.track(ended))).toEqual([200, 0]);
});

test("a sweep of a shard that does not exist fails", async () => {
  expect(await sweepByHand({ shards: [99] })).toMatchObject({
    errorMessage: expect.stringContaining("there is no shard 99"),
  });
});
