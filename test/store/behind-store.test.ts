import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BehindRecord, BehindStore } from "../../lib/store/behind-store.ts";
import { MOST_GAPS_OF_RECORD } from "../../lib/store/checkpoint.ts";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import { TestDatabase } from "../support/database.ts";

let table: TestDatabase;
let store: BehindStore;
/** A shard of its own for each test. */
let shard = 0;

beforeAll(async () => {
  table = await TestDatabase.start();
  store = new BehindStore(table.db);
});
afterAll(() => table[Symbol.asyncDispose]());

const gap = (from: string, to: string, watermark: number) => ({ from, to, watermark });
const OLD = gap("0", "4", 10);
const NEW = gap("8", "c", 20);

const write = (sweep: string, gaps: readonly (typeof OLD)[], before?: BehindRecord, orgId = "o1") =>
  store.write(shard, sweep, { orgId, gaps, before });
const list = (sweptBy?: string) => store.list(shard, sweptBy);

/** The one record of the shard. */
async function only(sweptBy?: string): Promise<BehindRecord> {
  const records = await list(sweptBy);
  expect(records).toHaveLength(1);
  return records[0] as BehindRecord;
}

describe("the record of an organisation that is behind", () => {
  it("is listed with its stuck gateway, and only in its own shard", async () => {
    shard++;
    expect(await list()).toEqual([]);
    const change = { orgId: "o1", gaps: [OLD], origin: "https://down.example", before: undefined };
    expect(await store.write(shard, "a", change)).toBe(true);
    await store.write(shard + 1_000, "a", { ...change, orgId: "o2" });
    expect(await list()).toEqual([
      { orgId: "o1", gaps: [OLD], origin: "https://down.example", isSettled: true, sweep: "a" },
    ]);
  });

  it("applies at once if more is left, even if the sweep that wrote it got no further", async () => {
    shard++;
    await write("a", [OLD]);
    await write("b", [OLD, NEW], await only());
    for (const sweptBy of [undefined, "a", "b"]) {
      expect(await only(sweptBy)).toMatchObject({ gaps: [OLD, NEW], isSettled: true });
    }
  });

  it("applies only once the shard's record names its sweep if less is left", async () => {
    shard++;
    await write("a", [OLD, NEW]);
    await write("b", [NEW], await only());
    expect(await only()).toMatchObject({ gaps: [OLD, NEW], isSettled: true });
    expect(await only("a")).toMatchObject({ gaps: [OLD, NEW], isSettled: true });
    // Settled is what holds whatever the shard's record names later.
    expect(await only("b")).toMatchObject({ gaps: [NEW], isSettled: false });
  });

  it("applies as the union of before and after if some is more and some is less, until the shard's record names its sweep", async () => {
    shard++;
    await write("a", [OLD]);
    await write("b", [NEW], await only());
    expect(await only()).toMatchObject({ gaps: [OLD, NEW] });
    expect(await only("b")).toMatchObject({ gaps: [NEW] });
  });

  it("has no gaps once nothing is left, and can then be removed, unless it was rewritten", async () => {
    shard++;
    await write("a", [OLD]);
    await write("b", [], await only());
    expect(await only("a")).toMatchObject({ gaps: [OLD] });
    const over = await only("b");
    expect(over).toMatchObject({ gaps: [] });
    await write("c", [NEW], over);
    await store.remove(shard, over);
    expect(await only("c")).toMatchObject({ gaps: [NEW], isSettled: true });
    await store.remove(shard, await only());
    await store.remove(shard, over);
    expect(await list()).toEqual([]);
  });

  it("is not overwritten by a sweep that has not read it, or that wakes up late", async () => {
    shard++;
    await write("a", [OLD]);
    const read = await only();
    expect(await write("b", [NEW])).toBe(false);
    expect(await write("c", [OLD, NEW], read)).toBe(true);
    expect(await write("b", [], read)).toBe(false);
    expect(await only()).toMatchObject({ gaps: [OLD, NEW], sweep: "c" });
    // One that was removed since is written anew: it says how little was checked.
    await store.remove(shard, await only());
    expect(await write("b", [NEW], read)).toBe(true);
  });

  it("is written even if the answer is lost and the SDK retries", async () => {
    shard++;
    table.loseAnswers(2);
    expect(await write("a", [OLD])).toBe(true);
    const read = await only();
    table.loseAnswers();
    expect(await write("b", [], read)).toBe(true);
    const over = await only("b");
    expect(over.gaps).toEqual([]);
    table.loseAnswers();
    await store.remove(shard, over);
    expect(await list("b")).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["nothing", {}],
    ["no gaps", { sweep: "a" }],
    ["gaps that are none", { sweep: "a", gaps: "many" }],
    ["gaps that overlap", { sweep: "a", gaps: [gap("0", "4", 1), gap("2", "5", 1)] }],
    ["odd gaps to come", { sweep: "a", gaps: [OLD], next: [7] }],
    ["a sweep that is no name", { sweep: 7, gaps: [OLD], next: [] }],
    ["a sweep that is zero", { sweep: 0, gaps: [OLD] }],
    ["a sweep that is empty", { sweep: "", gaps: [OLD] }],
    ["a sweep that is null", { sweep: null, gaps: [OLD] }],
    ["a sweep that is false", { sweep: false, gaps: [] }],
    ["a sweep that is a map", { sweep: { a: 1 }, gaps: [] }],
    ["a sweep that is binary", { sweep: new Uint8Array([1]), gaps: [] }],
    ["a sweep beyond JavaScript's numbers", { sweep: { $huge: true }, gaps: [] }],
  ])("counts as never checked at all where its record has %s, and is written over", async (_, item) => {
    shard++;
    const { sweep } = item as { sweep?: { $huge?: boolean } };
    if (sweep?.$huge) await table.putNumber({ pk: `#behind#${shard}`, sk: "o1" }, "sweep", "1e40");
    else await table.put({ pk: `#behind#${shard}`, sk: "o1", ...item });
    for (const sweptBy of [undefined, "a"]) {
      const record = await only(sweptBy);
      const isRead = item.sweep === "";
      expect(record.gaps).toEqual(isRead ? [OLD] : [{ ...ALL_KEYS, watermark: 0 }]);
    }
    expect(await write("b", [{ ...ALL_KEYS, watermark: 0 }], await only("a"))).toBe(true);
    expect(await write("c", [], await only("b"))).toBe(true);
    expect((await only("c")).gaps).toEqual([]);
  });

  it("is listed completely, however many pages DynamoDB returns", async () => {
    shard++;
    const padding = "x".repeat(300_000);
    for (let index = 0; index < 8; index++) {
      await table.put({ pk: `#behind#${shard}`, sk: `o${index}`, gaps: [OLD], sweep: "a", padding });
    }
    table.requests = 0;
    expect((await list("a")).map(({ orgId }) => orgId)).toEqual(
      Array.from({ length: 8 }, (_, index) => `o${index}`),
    );
    expect(table.requests).toBeGreaterThan(1);
  });

  it("stays small, whatever is left and however it changes", async () => {
    shard++;
    const many = (from: number, watermark: number) =>
      Array.from({ length: MOST_GAPS_OF_RECORD }, (_, index) => {
        const key = (2 * (from + index) * 16 ** 9).toString(16).padStart(16, "0");
        return gap(key, `${key}0`, watermark);
      });
    await write("a", many(0, 1_795_478_460_000));
    const before = await only();
    expect(before.gaps).toEqual(many(0, 1_795_478_460_000));
    await write("b", many(MOST_GAPS_OF_RECORD, 1_795_478_520_000), before);
    expect((await only("b")).gaps).toEqual(many(MOST_GAPS_OF_RECORD, 1_795_478_520_000));
    expect((await only("a")).gaps.length).toBeLessThanOrEqual(MOST_GAPS_OF_RECORD);
    expect(JSON.stringify(await table.item(`#behind#${shard}`, "o1")).length).toBeLessThan(200_000);
  });
});
