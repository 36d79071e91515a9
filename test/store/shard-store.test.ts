import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { NEVER_SWEPT } from "../../lib/store/checkpoint.ts";
import {
  announceShard,
  CLOCK_ERROR_MS,
  isLeased,
  type Shard,
  ShardStore,
  type SweptShard,
} from "../../lib/store/shard-store.ts";
import { TestDatabase } from "../support/database.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 24);

const tables: TestDatabase[] = [];
let table: TestDatabase;
let store: ShardStore;

beforeEach(async () => {
  table = await TestDatabase.start();
  tables.push(table);
  store = new ShardStore(table.db);
});
afterAll(() => Promise.all(tables.map((each) => each[Symbol.asyncDispose]())));

const NEW: Shard = {
  number: 0,
  checkpoint: NEVER_SWEPT,
  announcedAt: 0,
  leaseUntil: 0,
  sweptBy: undefined,
  readWholeAt: 0,
  schedule: undefined,
  openTasks: undefined,
  behind: { organisations: 0, oldest: 0, oldestAnswering: 0 },
  writtenWatermark: 0,
};

const swept = (watermark: number): SweptShard => ({
  checkpoint: { watermark, gaps: [{ from: "4", to: "8", watermark: watermark - 5 }] },
  readWholeAt: watermark - 7,
  schedule: { id: "60/11/290", since: watermark - 9 },
  openTasks: 12,
  behind: { organisations: 2, oldest: 3, oldestAnswering: 4 },
});

const first = async (count = 1) => (await store.list(count))[0] as Shard;
const lease = (shard: Shard, sweep: string, now = NOW) => store.lease(shard, sweep, now, now + MINUTE);

describe("the list of shards", () => {
  it("has the shards of the current count, even unannounced ones, and those of an earlier, larger count", async () => {
    expect(await store.list(2)).toEqual([NEW, { ...NEW, number: 1 }]);
    await announceShard(table.db, 7, NOW);
    expect(await store.list(2)).toEqual([
      NEW,
      { ...NEW, number: 1 },
      { ...NEW, number: 7, announcedAt: NOW },
    ]);
  });

  it("ignores a record without a shard's number", async () => {
    for (const sk of ["x", "-1", "1.5", "01", "1e3", "99999999999999999999", " 1"]) {
      await table.put({ pk: "#shards", sk, announcedAt: NOW });
    }
    expect((await store.list(1)).map(({ number }) => number)).toEqual([0]);
  });

  it("reads invalid attributes as never", async () => {
    await table.put({
      pk: "#shards",
      sk: "0",
      watermark: "soon",
      gaps: 7,
      announcedAt: "once",
      leaseUntil: {},
      readWholeAt: [],
      schedule: { id: "60/11/290", since: "once" },
      openTasks: -1,
      behind: "many",
      sweptBy: 8,
    });
    expect(await first()).toEqual(NEW);
    await table.put({ pk: "#shards", sk: "0", behind: { organisations: "7", oldest: 5 } });
    expect(await first()).toEqual({ ...NEW, behind: { ...NEW.behind, oldest: 5 } });
    await table.put({ pk: "#shards", sk: "0", behind: null, gaps: [], watermark: NOW });
    expect(await first()).toMatchObject({ checkpoint: { watermark: NOW, gaps: [] }, behind: NEW.behind });
  });
});

describe("a shard's announcement", () => {
  it("is made once, and changes nothing that a sweep has written", async () => {
    await announceShard(table.db, 0, NOW);
    await announceShard(table.db, 0, NOW + MINUTE);
    expect(await first()).toMatchObject({ announcedAt: NOW });
    await lease(await first(), "a");
    await store.release(0, "a", swept(NOW));
    await announceShard(table.db, 0, NOW + 2 * MINUTE);
    expect(await first()).toMatchObject({ announcedAt: NOW, checkpoint: swept(NOW).checkpoint });
  });

  it("is made by the first lease if there was no task yet, so that its lag counts from then", async () => {
    await lease(await first(), "a");
    await announceShard(table.db, 0, NOW + MINUTE);
    expect(await first()).toMatchObject({ announcedAt: NOW, checkpoint: NEVER_SWEPT });
  });
});

describe("a lease", () => {
  it("is granted to one of ten concurrent sweeps, with the shard's record", async () => {
    await announceShard(table.db, 0, NOW - MINUTE);
    const found = await first();
    const leases = await Promise.all(
      Array.from({ length: 10 }, (_, sweep) => lease(found, `sweep-${sweep}`)),
    );
    const given = leases.filter((shard) => shard !== undefined);
    expect(given).toEqual([{ ...NEW, announcedAt: NOW - MINUTE, leaseUntil: NOW + MINUTE }]);
    expect(isLeased(await first(), NOW)).toBe(true);
  });

  it("excludes all others until it has run out or was released", async () => {
    await lease(await first(), "a");
    expect(await lease(await first(), "b", NOW + MINUTE)).toBeUndefined();
    expect(isLeased(await first(), NOW + MINUTE)).toBe(true);
    expect(isLeased(await first(), NOW + MINUTE + 1)).toBe(false);
    expect(await lease(await first(), "b", NOW + MINUTE + 1)).toBeDefined();
    expect(await store.release(0, "b")).toBe(true);
    expect(await lease(await first(), "c", NOW + MINUTE + 2)).toBeDefined();
  });

  it("is not granted for a shard that has been swept since it was listed", async () => {
    const found = await first();
    await lease(found, "a");
    await store.release(0, "a", swept(NOW));
    expect(await lease(found, "b", NOW + 1)).toBeUndefined();
    expect(await lease(await first(), "b", NOW + 1)).toMatchObject({ sweptBy: "a", ...swept(NOW) });
  });

  it.each<[string, Record<string, unknown>]>([
    ["a lease that is no time", { leaseUntil: "never" }],
    ["a lease longer than any invocation", { leaseUntil: NOW + 60 * MINUTE }],
    ["a watermark that is no time", { watermark: "soon" }],
    ["a watermark that is no whole number", { watermark: NOW - 0.5, gaps: [] }],
    ["a watermark of a clock that was wrong", { watermark: NOW + CLOCK_ERROR_MS + MINUTE, gaps: [] }],
    ["an owner that is no name", { leaseOwner: 7 }],
  ])("is barred by no record with %s", async (_, item) => {
    await table.put({ pk: "#shards", sk: "0", ...item });
    expect(isLeased(await first(), NOW)).toBe(false);
    expect(await lease(await first(), "a")).toBeDefined();
    expect(await store.release(0, "a", swept(NOW))).toBe(true);
    expect(await first()).toMatchObject({ ...swept(NOW), sweptBy: "a" });
  });

  it("is held even if the answer is lost and the SDK retries", async () => {
    table.loseAnswers(2);
    expect(await lease(await first(), "a")).toMatchObject({ leaseUntil: NOW + MINUTE });
    expect(await lease(await first(), "b")).toBeUndefined();
  });
});

describe("a released shard", () => {
  it("has all results of the sweep", async () => {
    await lease(await first(), "a");
    expect(await store.release(0, "a", swept(NOW))).toBe(true);
    expect(await first()).toEqual({
      ...NEW,
      ...swept(NOW),
      announcedAt: NOW,
      sweptBy: "a",
      writtenWatermark: NOW,
    });
  });

  it("is unchanged without results, or if another sweep has the lease by now", async () => {
    await lease(await first(), "a");
    await store.release(0, "a", swept(NOW));
    await lease(await first(), "b", NOW + 1);
    expect(await store.release(0, "b")).toBe(true);
    expect(await first()).toMatchObject({ ...swept(NOW), sweptBy: "a", leaseUntil: 0 });
    await lease(await first(), "c", NOW + 2);
    await lease(await first(), "d", NOW + 2 * MINUTE);
    expect(await store.release(0, "c", swept(NOW + 5))).toBe(false);
    expect(await first()).toMatchObject({ ...swept(NOW), sweptBy: "a", leaseUntil: NOW + 3 * MINUTE });
  });

  it("is released once even if the answer is lost and the SDK retries", async () => {
    await lease(await first(), "a");
    table.loseAnswers(2);
    expect(await store.release(0, "a", swept(NOW))).toBe(true);
    expect(await first()).toMatchObject({ ...swept(NOW), leaseUntil: 0 });
  });
});
