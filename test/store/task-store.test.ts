import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { indexEntryOf } from "../../lib/store/index-key.ts";
import { type ListRequest, type Page, TaskStore } from "../../lib/store/task-store.ts";
import type { TrackedState } from "../../lib/tasks/state.ts";
import { ENDED, RUNNING, Scene } from "../support/scene.ts";

const DAY = 24 * 60 * 60_000;

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.addOrganisation("o1");
});

afterAll(() => scene[Symbol.asyncDispose]());

const task = (taskId: string, orgId = "o1") => ({ orgId, channelId: "ch-1", taskId });

describe("tracking", () => {
  it("starts once, and returns since when", async () => {
    const first = await scene.tracker().put(task("once"));
    expect(first).toEqual({
      created: true,
      record: {
        ...task("once"),
        trackedAt: new Date(scene.time).toISOString(),
        state: "pending",
        stateSince: new Date(scene.time).toISOString(),
        notFound: null,
        correlationId: null,
        labels: {},
        traceparent: null,
        deadlineAt: null,
        progressCode: null,
        progressDesc: null,
        downloadUrl: null,
        dataSize: null,
        finishedAt: null,
        reason: null,
      },
    });
    scene.time += 5_000;
    expect(await scene.tracker().put(task("once"))).toEqual({ created: false, record: first.record });
    expect(await scene.tracker().get(task("once"))).toEqual(first.record);
  });

  it("is announced to the sweeps ahead, in the shard that the task will have", async () => {
    const SHARDS = 10_000;
    const store = new TaskStore({ db: scene.db, shardCount: SHARDS, retentionDays: 30 });
    await store.announce(task("ahead"));
    const { openShard } = indexEntryOf(task("ahead"), Date.now(), SHARDS);
    const announced = await scene.db.client.send(
      new GetCommand({ TableName: scene.db.table, Key: { pk: "#shards", sk: String(openShard) } }),
    );
    expect(announced.Item).toMatchObject({ announcedAt: expect.any(Number) });
    expect(await store.get(task("ahead"))).toBeUndefined();
  });

  it("returns the first PUT's options unchanged", async () => {
    const carried = {
      correlationId: "order-4711",
      labels: { site: "Årjäng", constructor: "x" },
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    const first = await scene.tracker().put(task("carried"), { ...carried, deadlineSeconds: 90 });
    expect(first).toMatchObject({
      created: true,
      record: { ...carried, deadlineAt: new Date(scene.time + 90_000).toISOString() },
    });
    const second = await scene
      .tracker()
      .put(task("carried"), { correlationId: "another", deadlineSeconds: 5 });
    expect(second).toEqual({ created: false, record: first.record });
    expect(await scene.tracker().get(task("carried"))).toEqual(first.record);
  });

  it("starts once for concurrent requests", async () => {
    const puts = await Promise.all(Array.from({ length: 20 }, () => scene.tracker().put(task("crowd"))));
    expect(puts.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(puts.map(({ record }) => JSON.stringify(record))).size).toBe(1);
  });

  it("ends, even if there was none", async () => {
    await scene.tracker().put(task("gone"));
    await scene.tracker().delete(task("gone"));
    await scene.tracker().delete(task("gone"));
    expect(await scene.tracker().get(task("gone"))).toBeUndefined();
  });

  it("keeps a finished record for thirty days, and can then start anew", async () => {
    await scene.track("o1", 1, ENDED.succeeded, "kept");
    await scene.sweep();
    const finishedAt = new Date(scene.time).toISOString();
    scene.time += 30 * DAY - 1_000;
    expect((await scene.tracker().put(task("kept0"))).record).toMatchObject({
      state: "succeeded",
      finishedAt,
    });
    scene.time += 2_000;
    // DynamoDB may take days to delete it; nobody sees it any more.
    expect(await scene.tracker().get(task("kept0"))).toBeUndefined();
    const { tasks } = await scene.tracker().list({ orgId: "o1", limit: 100 });
    expect(tasks.map(({ taskId }) => taskId)).not.toContain("kept0");
    expect((await scene.tracker().put(task("kept0"))).created).toBe(true);
  });

  it("lists an organisation's records page by page, each once and no one else's", async () => {
    await scene.addOrganisation("o2");
    await scene.track("o2", 23, RUNNING);
    await scene.track("o2", 9, ENDED.failed, "f");
    await scene.sweep();
    for (const [state, limit, total] of [
      [undefined, 5, 32],
      ["running", 7, 23],
      ["failed", 100, 9],
      ["expired", 10, 0],
    ] as const) {
      const seen: string[] = [];
      let after: Page["after"] | undefined;
      do {
        const states = state && { states: [state] };
        const page: Page = await scene
          .tracker()
          .list({ orgId: "o2", ...states, limit, ...(after && { after }) });
        expect(page.tasks.length).toBeLessThanOrEqual(limit);
        for (const { orgId, taskId } of page.tasks) {
          expect(orgId).toBe("o2");
          seen.push(taskId);
        }
        after = page.after;
      } while (after !== null);
      expect(seen).toHaveLength(total);
      expect(new Set(seen).size).toBe(total);
    }
  });

  it("lists by several states and by channel, even from another filter's cursor", async () => {
    const tracker = scene.tracker();
    for (const channelId of ["ch-a", "ch-b", "ch-c"]) {
      for (const taskId of ["t1", "t2"]) await tracker.put({ orgId: "o4", channelId, taskId });
    }
    const inChannel = async (after?: { sk: string }) => {
      const { tasks } = await tracker.list({
        orgId: "o4",
        channelId: "ch-b",
        limit: 100,
        ...(after && { after }),
      });
      return tasks.map(({ channelId, taskId }) => `${channelId} ${taskId}`);
    };
    expect(await inChannel()).toEqual(["ch-b t1", "ch-b t2"]);
    expect(await inChannel({ sk: "ch-a#t1" })).toEqual(["ch-b t1", "ch-b t2"]);
    expect(await inChannel({ sk: "ch-b#t1" })).toEqual(["ch-b t2"]);
    expect(await inChannel({ sk: "ch-c#t1" })).toEqual([]);
    const states = async (...names: TrackedState[]) =>
      (await tracker.list({ orgId: "o4", states: names, limit: 100 })).tasks.length;
    expect([await states("running", "pending"), await states("running")]).toEqual([6, 0]);
  });

  it("lists the tasks that ended since a time, in that order, page by page", async () => {
    const ends = [50, 10, 30, 30, 30, 20, 40];
    const ended = ends.map((finishedAt, index) => ({
      pk: "o5",
      sk: `ch-${index % 2}#t${index}`,
      trackedAt: 1,
      state: index === 4 ? "failed" : "succeeded",
      stateSince: finishedAt,
      finishedAt,
      endedOrg: "o5",
    }));
    for (const Item of [...ended, { ...ended[0], pk: "o6", endedOrg: "o6" }]) {
      await scene.db.client.send(new PutCommand({ TableName: scene.db.table, Item }));
    }
    await scene.tracker().put(task("open", "o5"));
    const since = async (finishedSince: number, options: Partial<ListRequest> = {}) => {
      const seen: string[] = [];
      let after: Page["after"] | undefined = options.after;
      do {
        const page: Page = await scene
          .tracker()
          .list({ orgId: "o5", limit: 2, ...options, finishedSince, ...(after && { after }) });
        expect(page.tasks.length).toBeLessThanOrEqual(2);
        seen.push(...page.tasks.map(({ orgId, taskId }) => `${orgId} ${taskId}`));
        after = page.after;
      } while (after);
      return seen.map((name) => name.slice(4)).join("");
    };
    expect(await since(0)).toMatch(/^15(234|243|324|342|423|432)60$/);
    expect(await since(30)).toMatch(/^(234|243|324|342|423|432)60$/);
    expect(await since(31)).toBe("60");
    expect(await since(51)).toBe("");
    expect(await since(0, { states: ["failed"] })).toBe("4");
    expect(await since(20, { channelId: "ch-1" })).toBe("53");
    // A position before the time that is asked for is no position outside of the range.
    expect(await since(40, { after: { sk: "ch-1#t1", finishedAt: 10 } })).toBe("60");
    expect(await since(-1, { after: { sk: "ch-0#t0", finishedAt: 50 } })).toBe("");
  });

  it("lists readable records, and skips the others", async () => {
    for (const sk of ["a", "ch-1#t1#x", "ch-1#zzz"]) {
      await scene.db.client.send(
        new PutCommand({ TableName: scene.db.table, Item: { pk: "o3", sk, state: 7 } }),
      );
    }
    await scene.tracker().put(task("good", "o3"));
    const page = await scene.tracker().list({ orgId: "o3", limit: 1 });
    expect(page).toEqual({ tasks: [expect.objectContaining({ taskId: "good" })], after: null });
  });

  it("starts anew if an item cannot be read, and reports it", async () => {
    const told: unknown[] = [];
    const tracker = new TaskStore({
      db: scene.db,
      shardCount: 4,
      retentionDays: 30,
      now: () => scene.time,
      onUnreadable: ({ sk }) => told.push(sk),
    });
    await scene.db.client.send(
      new PutCommand({ TableName: scene.db.table, Item: { pk: "o4", sk: "ch-1#odd", state: 7 } }),
    );
    expect(await tracker.get(task("odd", "o4"))).toBeUndefined();
    expect(await tracker.put(task("odd", "o4"))).toMatchObject({
      created: true,
      record: { state: "pending" },
    });
    expect(await tracker.put(task("odd", "o4"))).toMatchObject({ created: false });
    expect(told).toEqual(["ch-1#odd", "ch-1#odd"]);
  });
});
