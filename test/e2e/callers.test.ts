import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { taskPath } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import { newTask, outcome, type ServiceUnderTest, startService } from "./service.ts";

let under: ServiceUnderTest;

beforeAll(async () => {
  under = await startService();
});

afterAll(() => under[Symbol.asyncDispose]());

const RUNNING = [{ afterMs: 0, progressCode: 1 }] as const;
const endingAfter = (afterMs: number) => [...RUNNING, { afterMs, progressCode: 3 }];
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Invokes the sweep as an operator does, through Lambda's API. */
async function sweepByHand(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const lambda = new LambdaClient({ region: "eu-central-1", endpoint, credentials });
  await lambda.send(new InvokeCommand({ FunctionName: "enos-download-status-dev-sweep", Payload: "{}" }));
  lambda.destroy();
}

describe("a lookup that waits", () => {
  test("is answered when the task has ended, before its time", async () => {
    const task = newTask(under.enos, await under.organisation(), endingAfter(3_000));
    const { status, headers, envelope } = await under.service.client.status(task, 25);
    expect([status, envelope?.data.state]).toEqual([200, "succeeded"]);
    expect([headers.get("preference-applied"), headers.get("retry-after")]).toEqual(["wait=25", null]);
  });

  test("is answered with the task's state when its time is up, and with when to ask again", async () => {
    const task = newTask(under.enos, await under.organisation(), [...RUNNING]);
    const before = performance.now();
    const { headers, envelope } = await under.service.client.status(task, 1);
    expect(performance.now() - before).toBeGreaterThanOrEqual(1_000);
    expect(envelope?.data).toMatchObject({ state: "running", terminal: false });
    expect([headers.get("preference-applied"), headers.get("retry-after")]).toEqual(["wait=1", "2"]);
  });

  test("waits no longer than it may", async () => {
    const task = newTask(under.enos, await under.organisation(), endingAfter(0));
    const { headers } = await under.service.client.status(task, 3_600);
    expect(headers.get("preference-applied")).toBe("wait=25");
  });

  test("is ended by a traffic limit", async () => {
    const orgId = await under.organisation();
    const task = newTask(under.enos, orgId, [...RUNNING]);
    under.enos.addFault({ kind: "rate-limit", endpoint: "status", orgId, retryAfterSeconds: 7 });
    const answer = await under.service.client.status(task, 25);
    expect(outcome(answer)).toEqual([429, 99429]);
    expect(answer.headers.get("retry-after")).toBe("7");
  });

  test("does not wait for a task that EnOS does not know", async () => {
    const task = newTask(under.enos, await under.organisation());
    expect(outcome(await under.service.client.status(task, 25))).toEqual([404, 99404]);
  });

  test("without a wait, or with one that cannot be read, is a lookup like any other", async () => {
    const task = newTask(under.enos, await under.organisation(), [...RUNNING]);
    const path = `${taskPath(task)}/status?orgId=${task.orgId}`;
    for (const prefer of ["wait=0", "wait=soon", "respond-async", ", ;=", "wait"]) {
      const { headers } = await under.service.client.request("GET", path, { headers: { prefer } });
      expect([headers.get("preference-applied"), headers.get("retry-after")]).toEqual([null, "3600"]);
    }
  });
});

describe("what a caller adds to a task", () => {
  const options = {
    correlationId: "order-4711",
    labels: { site: "Årjäng", constructor: "x" },
    deadlineSeconds: 7_200,
  };

  test("is in the record, as it was first sent", async () => {
    const task = newTask(under.enos, await under.organisation());
    const path = `${taskPath(task)}/tracking?orgId=${task.orgId}`;
    const { client } = under.service;
    const headers = { traceparent: TRACEPARENT };
    const first = await client.request<TrackedTask>("PUT", path, { headers, body: options });
    const record = first.envelope?.data as TrackedTask;
    expect(first.status).toBe(201);
    expect(record).toMatchObject({
      correlationId: "order-4711",
      labels: options.labels,
      traceparent: TRACEPARENT,
      deadlineAt: new Date(Date.parse(record.trackedAt) + 7_200_000).toISOString(),
    });
    const second = await client.track(task, { correlationId: "another" });
    expect([second.status, second.envelope?.data]).toEqual([200, record]);
    const read = await client.record(task);
    expect(read.envelope?.data).toEqual(record);
    // The interval at the task's age, which is still the shortest one.
    expect([first, read].map(({ headers }) => headers.get("retry-after"))).toEqual(["3600", "3600"]);
  });

  test.each([
    ["is no JSON", "{"],
    ["has a name that is not known", { correlationID: "a" }],
    ["has a label that is no text", { labels: { a: 1 } }],
    ["has a __proto__", '{"labels":{"__proto__":"a"}}'],
    ["has a deadline beyond the service's", { deadlineSeconds: 7 * 86_400 + 1 }],
  ])("is refused when it %s, and nothing is tracked", async (_what, body) => {
    const task = newTask(under.enos, await under.organisation());
    const path = `${taskPath(task)}/tracking?orgId=${task.orgId}`;
    expect(outcome(await under.service.client.request("PUT", path, { body }))).toEqual([400, 99400]);
    expect((await under.service.client.record(task)).status).toBe(404);
  });

  test("may be sent under any content type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]) {
      const task = newTask(under.enos, await under.organisation());
      const { envelope, status } = await under.service.client.request<TrackedTask>(
        "PUT",
        `${taskPath(task)}/tracking?orgId=${task.orgId}`,
        { headers: { "content-type": type }, body: { correlationId: "c" } },
      );
      expect([status, envelope?.data.correlationId]).toEqual([201, "c"]);
    }
  });
});

describe("many tasks", () => {
  test("are tracked with one request, with an outcome for each", async () => {
    const { client } = under.service;
    const orgId = await under.organisation();
    const tasks = Array.from({ length: 100 }, (_, index) => ({ channelId: "ch-1", taskId: `t${index}` }));
    await client.track({ orgId, channelId: "ch-1", taskId: "t7" }, { correlationId: "before" });
    const withOptions = tasks.map((task) => ({ ...task, correlationId: "many" }));
    const { status, envelope } = await client.trackMany(orgId, withOptions);
    expect([status, envelope?.code, envelope?.data.failed]).toEqual([207, 0, 0]);
    const outcomes = envelope?.data.outcomes ?? [];
    expect(outcomes.map(({ taskId }) => taskId)).toEqual(tasks.map(({ taskId }) => taskId));
    expect(outcomes.map(({ status }) => status)).toEqual(
      tasks.map(({ taskId }) => (taskId === "t7" ? 200 : 201)),
    );
    expect(outcomes[7]?.record?.correlationId).toBe("before");
    expect((await client.record({ orgId, ...tasks[99] } as never)).envelope?.data).toEqual(
      outcomes[99]?.record,
    );
    const list = await client.list({ orgId, channelId: "ch-1", state: "pending,running", limit: "100" });
    expect(list.envelope?.data.tasks).toHaveLength(100);
  });

  test("some of which are invalid get an outcome each", async () => {
    const { client } = under.service;
    const orgId = await under.organisation();
    const { status, envelope } = await client.trackMany(orgId, [
      { channelId: "ch-1", taskId: "good" },
      { channelId: "ch-1", taskId: "../bad" },
    ]);
    expect([status, envelope?.data.failed]).toEqual([207, 1]);
    expect(envelope?.data.outcomes.map(({ status, msg }) => [status, msg])).toEqual([
      [201, "success"],
      [400, "taskId may have letters, digits, _ and - only, 128 at most"],
    ]);
  });

  test("are at most a hundred", async () => {
    const orgId = await under.organisation();
    const tasks = Array.from({ length: 101 }, (_, index) => ({ channelId: "ch-1", taskId: `t${index}` }));
    expect(outcome(await under.service.client.trackMany(orgId, tasks))).toEqual([400, 99400]);
    expect((await under.service.client.list({ orgId })).envelope?.data.tasks).toEqual([]);
  });
});

test("the caller's additions are in the event, and the list has the ends in order", async () => {
  const { cloud, client, functions } = under.service;
  const orgId = await under.organisation();
  const queue = await cloud.subscribe("carried", { correlationId: [{ prefix: "order-" }], orgId: [orgId] });
  const ended = [1, 2, 3].map(() => newTask(under.enos, orgId, endingAfter(0)));
  const ends: string[] = [];
  for (const [index, task] of ended.entries()) {
    const labels = { index: String(index) };
    const path = `${taskPath(task)}/tracking?orgId=${orgId}`;
    const headers = { traceparent: TRACEPARENT };
    await client.request("PUT", path, { headers, body: { correlationId: `order-${index}`, labels } });
    // One sweep each, so that each ends at another time.
    await sweepByHand(functions.lambdaUrl);
    const [message] = await queue.poll(5);
    expect(message?.attributes).toMatchObject({ correlationId: `order-${index}` });
    expect(message?.body).toMatchObject({
      subject: task.taskId,
      correlationid: `order-${index}`,
      traceparent: TRACEPARENT,
      data: { labels },
    });
    ends.push((await client.record(task)).envelope?.data.finishedAt ?? "");
  }
  await client.track(newTask(under.enos, orgId, [...RUNNING]));
  const since = async (finishedSince: string, more: Record<string, string> = {}) => {
    const found: (string | undefined)[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: Record<string, string> = {
        orgId,
        finishedSince,
        limit: "1",
        ...more,
        ...(cursor && { cursor }),
      };
      const { envelope } = await client.list(query);
      found.push(...(envelope?.data.tasks ?? []).map(({ taskId }) => taskId));
      cursor = envelope?.data.cursor ?? null;
    }
    return found;
  };
  const ids = ended.map(({ taskId }) => taskId);
  expect(await since("2026-01-01T00:00:00Z")).toEqual(ids);
  expect(await since(ends[1] as string)).toEqual(ids.slice(1));
  expect(await since("2026-01-01T00:00:00Z", { state: "failed,cancelled" })).toEqual([]);
  expect(await since("2026-01-01T00:00:00Z", { state: "succeeded", channelId: "ch-dee0c5" })).toEqual(ids);
});

test("an unknown parameter is refused by its name, everywhere but in EnOS's own path", async () => {
  const { client } = under.service;
  const task = newTask(under.enos, await under.organisation(), [...RUNNING]);
  const { orgId } = task;
  for (const [method, path] of [
    ["GET", `/tracked-tasks?orgId=${orgId}&states=failed`],
    ["POST", `/tracked-tasks?orgId=${orgId}&states=failed`],
    ["PUT", `${taskPath(task)}/tracking?orgId=${orgId}&states=failed`],
    ["GET", `${taskPath(task)}/tracking?orgId=${orgId}&states=failed`],
    ["DELETE", `${taskPath(task)}/tracking?orgId=${orgId}&states=failed`],
  ] as const) {
    const { status, envelope } = await client.request(method, path);
    expect([status, envelope?.msg]).toEqual([400, "there is no parameter states"]);
  }
  const { status } = await client.request("GET", `${taskPath(task)}/status?orgId=${orgId}&_=1`);
  expect(status).toBe(200);
});

test("nothing went wrong without being reported", () => {
  expect(under.troubles).toEqual([]);
});
