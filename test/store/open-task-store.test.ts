import { BatchWriteCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import pMap from "p-map";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseStatus } from "../../lib/enos/status.ts";
import { keyOf } from "../../lib/store/index-key.ts";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import { OpenTaskStore, PAGE_SIZE } from "../../lib/store/open-task-store.ts";
import { TaskStore } from "../../lib/store/task-store.ts";
import { NOTHING_CARRIED } from "../../lib/tasks/carried.ts";
import type { Outcome, StateChange } from "../../lib/tasks/decision.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { IndexKey, OpenTask } from "../../lib/tasks/record.ts";
import { TestDatabase } from "../support/database.ts";

const MINUTE = 60_000;
const SINCE = Date.UTC(2026, 10, 23);
const DAY = 24 * 60 * MINUTE;

let table: TestDatabase;
let store: OpenTaskStore;
let time = Date.UTC(2026, 10, 24);
/** A shard and an organisation of its own for each test. */
let number = 0;

beforeAll(async () => {
  table = await TestDatabase.start();
  store = new OpenTaskStore({ db: table.db, retentionDays: 30 });
});
afterAll(() => table[Symbol.asyncDispose]());

const everything = () => true;
const tracker = () => new TaskStore({ db: table.db, shardCount: 1, retentionDays: 30, now: () => time });
const orgId = () => `o${number}`;
const keyOfTask = (taskId: string): TaskKey => ({ orgId: orgId(), channelId: "ch-1", taskId });

/** Starts a task in the test's own shard, and gives it as the index has it. */
async function put(taskId: string, options: Parameters<TaskStore["put"]>[1] = {}): Promise<OpenTask> {
  await tracker().put(keyOfTask(taskId), options);
  await table.db.client.send(
    new UpdateCommand({
      TableName: table.db.table,
      Key: keyOf(keyOfTask(taskId)),
      UpdateExpression: "SET openShard = :shard",
      ExpressionAttributeValues: { ":shard": number },
    }),
  );
  return (await inIndex(taskId)) as OpenTask;
}

/** Writes records of closed tasks, whose ids begin with m. */
async function putClosed(count: number): Promise<void> {
  const { client, table: name } = table.db;
  const batches = Array.from({ length: Math.ceil(count / 25) }, (_, batch) =>
    Array.from({ length: 25 }, (_, index) => keyOf(keyOfTask(`m${batch * 25 + index}`))),
  );
  const write = (batch: ReturnType<typeof keyOf>[]) =>
    client.send(
      new BatchWriteCommand({ RequestItems: { [name]: batch.map((Item) => ({ PutRequest: { Item } })) } }),
    );
  await pMap(batches, write, { concurrency: 8 });
}

async function inIndex(taskId: string): Promise<OpenTask | undefined> {
  const { tasks } = await store.page(number, ALL_KEYS, everything);
  return tasks.find((task) => task.taskId === taskId);
}

const record = (taskId: string) => tracker().get(keyOfTask(taskId));
const changeTo = (state: StateChange["state"], status: StateChange["status"]): StateChange => ({
  state,
  status,
  uncertainSince: undefined,
});
const status = (progressCode: number, extra = {}) =>
  parseStatus(keyOfTask("t"), { progressCode, progressDesc: `code ${progressCode}`, ...extra });

const SUCCEEDED: Outcome = {
  state: "succeeded",
  status: parseStatus(keyOfTask("t"), { progressCode: 3, downloadUrl: "http://files/t.zip", dataSize: 42 }),
  reason: null,
};

describe("a page of open tasks", () => {
  it("has tasks as the index shows them, with their own deadlines, of the requested shard only", async () => {
    number++;
    const task = await put("t1", { deadlineSeconds: 90, correlationId: "c" });
    expect(task).toEqual({
      ...keyOfTask("t1"),
      state: "pending",
      notFound: null,
      deadlineAt: time + 90_000,
      indexKey: expect.stringMatching(/^[0-9a-f]{16}$/),
      trackedAt: time,
      offset: expect.any(Number),
    });
    number++;
    expect(await store.page(number, ALL_KEYS, everything)).toEqual({
      read: 0,
      tasks: [],
      unreadable: [],
      end: undefined,
    });
  });

  it("has the wanted tasks in the order of their keys, and counts all that were read", async () => {
    number++;
    for (let task = 0; task < 12; task++)
      await put(`t${task}`, task % 3 === 0 ? { deadlineSeconds: 60 } : {});
    const asked: [IndexKey, number | undefined][] = [];
    const { read, tasks } = await store.page(number, ALL_KEYS, (key, deadlineAt) => {
      asked.push([key, deadlineAt]);
      return deadlineAt !== undefined;
    });
    expect(read).toBe(12);
    expect(tasks.map(({ taskId }) => taskId).sort()).toEqual(["t0", "t3", "t6", "t9"]);
    expect(asked).toHaveLength(12);
    expect(asked.map(([{ indexKey }]) => indexKey)).toEqual(
      asked.map(([{ indexKey }]) => indexKey).toSorted(),
    );
    expect(asked.filter(([, deadlineAt]) => deadlineAt === time + 60_000)).toHaveLength(4);

    const all = (await store.page(number, ALL_KEYS, everything)).tasks.map(({ indexKey }) => indexKey);
    const span = { from: all[3] as string, to: all[7] as string };
    const part = await store.page(number, span, everything);
    expect(part.tasks.map(({ indexKey }) => indexKey)).toEqual(all.slice(3, 7));
    expect(part).toMatchObject({ read: 4, end: undefined });
  });

  it("continues after the previous page, and repeats no task", async () => {
    number++;
    const puts: Promise<unknown>[] = [];
    for (let task = 0; task < PAGE_SIZE + 50; task++) {
      const openKey = (task * 7).toString(16).padStart(16, "0");
      const Item = { ...keyOf(keyOfTask(`t${task}`)), openShard: number, openKey, state: "running" };
      puts.push(table.db.client.send(new PutCommand({ TableName: table.db.table, Item })));
    }
    await Promise.all(puts);
    const first = await store.page(number, ALL_KEYS, everything);
    expect(first.read).toBe(PAGE_SIZE);
    expect(first.end?.indexKey).toBe(first.tasks.at(-1)?.indexKey);
    const second = await store.page(number, ALL_KEYS, everything, first.end?.key);
    expect(second).toMatchObject({ read: 50, end: undefined });
    const ids = [...first.tasks, ...second.tasks].map(({ taskId }) => taskId);
    expect(new Set(ids).size).toBe(PAGE_SIZE + 50);
  });

  it("skips items that are not tasks, and names them", async () => {
    number++;
    await put("good");
    for (const [sk, openKey] of [
      ["ch-1#odd", "melted"],
      ["ch-1#odd#er", "0000000000000001"],
    ]) {
      await table.put({ pk: orgId(), sk: sk as string, openShard: number, openKey });
    }
    const page = await store.page(number, ALL_KEYS, everything);
    expect(page).toMatchObject({ read: 1, tasks: [{ taskId: "good" }] });
    expect(page.unreadable).toHaveLength(2);
    expect(page.unreadable).toContainEqual({ pk: orgId(), sk: "ch-1#odd" });
  });
});

describe("the current task", () => {
  it("is read from the table, whatever the index shows, with its caller's additions", async () => {
    number++;
    const read = await put("t1", { correlationId: "order-1", labels: { a: "b" } });
    await store.change(read, changeTo("running", status(1)), time);
    expect(await store.current(read)).toEqual({
      task: { ...read, state: "running" },
      carried: { ...NOTHING_CARRIED, correlationId: "order-1", labels: { a: "b" } },
    });
    await store.missing({ ...read, state: "running" }, time, 1, SINCE);
    expect((await store.current(read))?.task.notFound).toEqual({ since: time, checks: 1 });
  });

  it("is undefined if it was closed, deleted or put again", async () => {
    number++;
    const closed = await put("closed");
    await store.finish(closed, SUCCEEDED, time);
    expect(await store.current(closed)).toBeUndefined();

    const deleted = await put("deleted");
    await tracker().delete(keyOfTask("deleted"));
    expect(await store.current(deleted)).toBeUndefined();

    time += 1;
    const anew = await put("deleted");
    expect(anew.indexKey).not.toBe(deleted.indexKey);
    expect(await store.current(deleted)).toBeUndefined();
    expect(await store.current(anew)).toMatchObject({ task: anew });
  });
});

describe("another task of the organisation", () => {
  it("is open and a different one, or undefined", async () => {
    number++;
    const task = await put("t1");
    const another = (of: OpenTask, ...except: OpenTask[]) =>
      store.another(of, new Set(except.map(({ indexKey }) => indexKey)));
    expect(await another(task)).toEqual({ kind: "none" });
    const other = await put("t2");
    await store.finish(other, SUCCEEDED, time);
    await put("t2x");
    await tracker().delete(keyOfTask("t2x"));
    expect(await another(task)).toEqual({ kind: "none" });
    const third = await put("t3");
    expect(await another(task)).toEqual({ kind: "found", task: third });
    expect(await another(third)).toEqual({ kind: "found", task });
    expect(await another(third, task)).toEqual({ kind: "none" });
    const fourth = await put("t4");
    const seen = new Set<string>();
    for (let time = 0; time < 60; time++) {
      const found = await another(task);
      if (found.kind === "found") seen.add(found.task.taskId);
    }
    expect(seen).toEqual(new Set([third.taskId, fourth.taskId]));
  });

  it("is found behind thousands of closed ones, or it is said that there may be one", async () => {
    number++;
    const first = await put("a");
    const last = await put("z1");
    await putClosed(6_100);
    expect(await store.another(first, new Set())).toEqual({ kind: "unknown" });
    expect(await store.another(last, new Set())).toEqual({ kind: "found", task: first });
    const near = await put("z2");
    expect(await store.another(last, new Set())).toEqual({ kind: "found", task: near });
  });
});

describe("what a check learnt", () => {
  it("is written if the task has not changed since it was read", async () => {
    number++;
    const task = await put("t1");
    time += MINUTE;
    expect(await store.change(task, changeTo("running", status(1)), time)).toBe(true);
    expect(await record("t1")).toMatchObject({
      state: "running",
      stateSince: new Date(time).toISOString(),
      progressCode: 1,
      progressDesc: "code 1",
      notFound: null,
    });
    const running = (await inIndex("t1")) as OpenTask;
    expect(running.state).toBe("running");
    expect(await store.missing(running, time, 1, SINCE)).toBe(true);
    const missing = (await inIndex("t1")) as OpenTask;
    expect(missing).toMatchObject({ notFound: { since: time, checks: 1 }, uncertainSince: SINCE });
    expect(await store.missing(missing, time, 2, SINCE)).toBe(true);
    const twice = (await inIndex("t1")) as OpenTask;
    // Known again, in the same state: that it is in it since then stays as it was.
    const since = (await record("t1"))?.stateSince;
    time += MINUTE;
    expect(await store.change(twice, changeTo("running", status(1)), time)).toBe(true);
    expect(await record("t1")).toMatchObject({ state: "running", stateSince: since, notFound: null });
    expect(await inIndex("t1")).toMatchObject({ notFound: null, uncertainSince: undefined });
  });

  it("does not clear an uncertainty that another sweep has recorded since", async () => {
    number++;
    const task = await put("t1");
    expect(await store.uncertain(task, SINCE)).toBe(true);
    expect(await store.change(task, changeTo("running", status(1)), time)).toBe(false);
    const marked = (await inIndex("t1")) as OpenTask;
    expect(marked.uncertainSince).toBe(SINCE);
    expect(await store.change(marked, changeTo("running", status(1)), time)).toBe(true);
    expect((await inIndex("t1"))?.uncertainSince).toBeUndefined();
  });

  it("keeps the time at which a task first became uncertain until its state is known again", async () => {
    number++;
    const task = await put("t1");
    expect(task.uncertainSince).toBeUndefined();
    for (const since of [SINCE, SINCE + 1]) {
      expect(await store.uncertain(task, since)).toBe(true);
      expect((await inIndex("t1"))?.uncertainSince).toBe(SINCE);
    }
    const uncertain = (await inIndex("t1")) as OpenTask;
    expect(await store.missing(uncertain, time, 1, SINCE + 2)).toBe(true);
    expect((await inIndex("t1"))?.uncertainSince).toBe(SINCE);
    expect(await store.change((await inIndex("t1")) as OpenTask, changeTo("pending", status(1)), time)).toBe(
      true,
    );
    expect((await inIndex("t1"))?.uncertainSince).toBeUndefined();
  });

  it("is not written if another sweep has learnt more since the index was read", async () => {
    number++;
    const stale = await put("t1");
    await store.change(stale, changeTo("running", status(1)), time);
    expect(await store.change(stale, changeTo("waiting", status(0)), time)).toBe(false);
    expect(await store.missing(stale, time, 1, SINCE)).toBe(false);
    expect(await record("t1")).toMatchObject({ state: "running", notFound: null });

    const running = (await inIndex("t1")) as OpenTask;
    await store.missing(running, time, 1, SINCE);
    const once = (await inIndex("t1")) as OpenTask;
    await store.missing(once, time, 2, SINCE);
    expect(await store.missing(running, time + 1, 1, SINCE)).toBe(false);
    expect(await store.missing(once, time + 1, 2, SINCE)).toBe(false);
    expect(await store.change(once, changeTo("waiting", status(0)), time)).toBe(false);
    expect(await store.change(running, changeTo("waiting", status(0)), time)).toBe(false);
    expect((await inIndex("t1"))?.notFound).toEqual({ since: time, checks: 2 });
  });

  it("is not written for a task that was closed, deleted or put again", async () => {
    number++;
    const closed = await put("closed");
    await store.finish(closed, SUCCEEDED, time);
    const deleted = await put("deleted");
    await tracker().delete(keyOfTask("deleted"));
    const before = await put("anew");
    await tracker().delete(keyOfTask("anew"));
    time += 1;
    await put("anew");
    for (const task of [closed, deleted, before]) {
      expect(await store.change(task, changeTo("running", status(1)), time)).toBe(false);
      expect(await store.missing(task, time, 1, SINCE)).toBe(false);
      expect(await store.uncertain(task, SINCE)).toBe(false);
      expect(await store.finish(task, { ...SUCCEEDED, state: "expired" }, time + 1)).toBe(false);
    }
    expect(await record("closed")).toMatchObject({ state: "succeeded" });
    expect(await record("deleted")).toBeUndefined();
    expect(await record("anew")).toMatchObject({ state: "pending", finishedAt: null });
  });

  it("counts as written even if the answer is lost and the SDK retries", async () => {
    number++;
    const task = await put("t1");
    table.loseAnswers(2);
    expect(await store.change(task, changeTo("running", status(1)), time)).toBe(true);
    const running = (await inIndex("t1")) as OpenTask;
    table.loseAnswers();
    expect(await store.missing(running, time, 1, SINCE)).toBe(true);
    const missing = (await inIndex("t1")) as OpenTask;
    expect(missing.notFound).toEqual({ since: time, checks: 1 });
    table.loseAnswers();
    expect(await store.finish(missing, SUCCEEDED, time)).toBe(true);
    expect(await record("t1")).toMatchObject({ state: "succeeded" });
  });

  it("restarts the count if the record's is invalid", async () => {
    number++;
    await put("t1");
    for (const odd of ["many", -3, { a: 1 }, null]) {
      await table.db.client.send(
        new UpdateCommand({
          TableName: table.db.table,
          Key: keyOf(keyOfTask("t1")),
          UpdateExpression: "SET notFoundChecks = :odd, notFoundSince = :odd",
          ExpressionAttributeValues: { ":odd": odd },
        }),
      );
      const task = (await inIndex("t1")) as OpenTask;
      expect(task.notFound).toBeNull();
      expect(await store.missing(task, time, 1, SINCE), String(odd)).toBe(true);
    }
  });
});

describe("a task's end", () => {
  it("removes it from the index, gives its record an expiry, and lists it by its end", async () => {
    number++;
    const task = await put("t1");
    time += MINUTE;
    expect(await store.finish(task, SUCCEEDED, time)).toBe(true);
    expect(await inIndex("t1")).toBeUndefined();
    expect(await record("t1")).toMatchObject({
      state: "succeeded",
      progressCode: 3,
      downloadUrl: "http://files/t.zip",
      dataSize: 42,
      finishedAt: new Date(time).toISOString(),
      stateSince: new Date(time).toISOString(),
      reason: null,
    });
    expect(await table.item(orgId(), "ch-1#t1")).toMatchObject({
      endedOrg: orgId(),
      finishedAt: time,
      expiresAt: Math.ceil((time + 30 * DAY) / 1_000),
    });
  });

  it("keeps EnOS's last answer if tracking gave up", async () => {
    number++;
    const task = await put("t1");
    await store.change(task, changeTo("running", status(1)), time);
    const running = (await inIndex("t1")) as OpenTask;
    expect(
      await store.finish(running, { state: "abandoned", status: null, reason: "unreachable" }, time),
    ).toBe(true);
    expect(await record("t1")).toMatchObject({ state: "abandoned", reason: "unreachable", progressCode: 1 });
  });

  it("is written whatever was learnt in between, since the event has been published", async () => {
    number++;
    const task = await put("t1");
    await store.change(task, changeTo("running", status(1)), time);
    expect(await store.finish(task, SUCCEEDED, time)).toBe(true);
    expect(await store.finish(task, SUCCEEDED, time + 1)).toBe(false);
  });
});
