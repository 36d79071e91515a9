import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type HealthRecord, HealthStore, STUCK_REASONS } from "../../lib/store/health-store.ts";
import { TestDatabase } from "../support/database.ts";

const tables: TestDatabase[] = [];
let table: TestDatabase;
let store: HealthStore;

beforeEach(async () => {
  table = await TestDatabase.start();
  tables.push(table);
  store = new HealthStore(table.db);
});
afterAll(() => Promise.all(tables.map((each) => each[Symbol.asyncDispose]())));

const record = (fields: Partial<HealthRecord> = {}): HealthRecord => ({
  scope: "org",
  id: "o1",
  reason: "credentials",
  since: 1_795_478_400_000,
  nextProbeAt: 1_795_478_460_000,
  probes: 0,
  fingerprint: "0123456789ab",
  ...fields,
});
const GATEWAY = record({
  scope: "origin",
  id: "https://gateway.example:9443",
  reason: "unreachable",
  fingerprint: undefined,
});

describe("the record of who is stuck", () => {
  it("is kept until recovery, for organisations and for gateways", async () => {
    expect(await store.list()).toEqual([]);
    await store.put(record());
    await store.put(GATEWAY);
    expect(await store.list()).toEqual([record(), GATEWAY]);
    await store.put(record({ reason: "address-refused" }));
    expect(await store.list()).toEqual([record({ reason: "address-refused" }), GATEWAY]);
    await store.remove(GATEWAY);
    await store.remove(GATEWAY);
    expect(await store.list()).toEqual([record({ reason: "address-refused" })]);
  });

  it.each(STUCK_REASONS)("may have the reason %s", async (reason) => {
    await store.put(record({ reason }));
    expect(await store.list()).toEqual([record({ reason })]);
  });

  it("is listed completely, however many pages DynamoDB returns", async () => {
    const padding = "x".repeat(300_000);
    for (let index = 0; index < 8; index++) {
      const { scope, id, fingerprint, ...rest } = record({ id: `o${index}` });
      await table.put({ pk: "#health", sk: `${scope}#${id}`, ...rest, padding });
    }
    table.requests = 0;
    expect((await store.list()).map(({ id }) => id)).toEqual(
      Array.from({ length: 8 }, (_, index) => `o${index}`),
    );
    expect(table.requests).toBeGreaterThan(1);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ["no reason", "org#o1", { since: 1, nextProbeAt: 2, probes: 0 }],
    ["a reason of another version", "org#o1", { reason: "tired", since: 1, nextProbeAt: 2, probes: 0 }],
    ["a time that is none", "org#o1", { reason: "secret", since: 1, nextProbeAt: "soon", probes: 0 }],
    ["a broken time", "org#o1", { reason: "secret", since: 1.5, nextProbeAt: 2, probes: 0 }],
    ["a time beyond all dates", "org#o1", { reason: "secret", since: 8.7e15, nextProbeAt: 2, probes: 0 }],
    ["no count", "org#o1", { reason: "secret", since: 1, nextProbeAt: 2, probes: -1 }],
    ["a scope that is none", "planet#o1", { reason: "secret", since: 1, nextProbeAt: 2, probes: 0 }],
    ["no name", "org#", { reason: "secret", since: 1, nextProbeAt: 2, probes: 0 }],
    ["no scope", "o1", { reason: "secret", since: 1, nextProbeAt: 2, probes: 0 }],
  ])("is ignored with %s, hides no other and can be overwritten", async (_, sk, item) => {
    await table.put({ pk: "#health", sk, ...item });
    await store.put(GATEWAY);
    expect(await store.list()).toEqual([GATEWAY]);
    await store.put(record());
    expect(await store.list()).toContainEqual(record());
  });
});

describe("a probe", () => {
  const NEXT = 1_795_478_520_000;

  it("is claimed by only one sweep, before the call", async () => {
    await store.put(record());
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, sweep) => store.claimProbe(record(), NEXT + sweep)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await store.list()).toEqual([record({ probes: 1, nextProbeAt: NEXT + claims.indexOf(true) })]);
  });

  it("is not claimed after recovery, and creates no record", async () => {
    expect(await store.claimProbe(record(), NEXT)).toBe(false);
    await store.put(record());
    await store.remove(record());
    expect(await store.claimProbe(record(), NEXT)).toBe(false);
    expect(await store.list()).toEqual([]);
  });

  it("is claimed even if the answer is lost and the SDK retries", async () => {
    await store.put(record());
    table.loseAnswers();
    expect(await store.claimProbe(record(), NEXT)).toBe(true);
    expect(await store.list()).toEqual([record({ probes: 1, nextProbeAt: NEXT })]);
    table.loseAnswers();
    await store.remove(record());
    expect(await store.list()).toHaveLength(1);
    table.loseAnswers();
    await store.remove(record({ nextProbeAt: NEXT }));
    table.loseAnswers();
    await store.put(GATEWAY);
    expect(await store.list()).toEqual([GATEWAY]);
  });
});
