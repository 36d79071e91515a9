import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BehindStore } from "../../../lib/store/behind-store.ts";
import type { CheckedSpan } from "../../../lib/store/checkpoint.ts";
import { type HealthRecord, HealthStore } from "../../../lib/store/health-store.ts";
import { announceShard, type Shard, ShardStore } from "../../../lib/store/shard-store.ts";
import type { SweepDependencies } from "../../../lib/sweep/dependencies.ts";
import { MemoryRecords } from "../../../local/harness/memory-records.ts";
import { TestDatabase } from "../../support/database.ts";

// The simulations run on records in memory: these have to do what the real ones do, for anything that sweeps ask of them.

type Stores = Pick<SweepDependencies, "shards" | "behind" | "health">;

let table: TestDatabase;
beforeAll(async () => {
  table = await TestDatabase.start();
});
afterAll(() => table[Symbol.asyncDispose]());

const MINUTE = 60_000;
const SWEEPS = ["a", "b", "c"] as const;
const ORGS = ["o1", "o2"] as const;

const shard = fc.nat(1);
const sweep = fc.constantFrom(...SWEEPS);
const orgId = fc.constantFrom(...ORGS);
const gaps = fc.subarray<CheckedSpan>([
  { from: "", to: "4", watermark: 1 },
  { from: "4", to: "8", watermark: 2 },
  { from: "c", to: "~", watermark: 3 },
]);

/** What a sweep may ask for: always about what it has listed before, or not at all. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("announce" as const), shard }),
  fc.record({ kind: fc.constant("list" as const) }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("lease" as const), shard, sweep, isFresh: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("release" as const),
      shard,
      sweep,
      gaps,
      isSwept: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("listBehind" as const), shard }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      shard,
      sweep,
      orgId,
      gaps,
      isFresh: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant("removeBehind" as const), shard, orgId }),
  fc.record({ kind: fc.constant("put" as const), orgId, probes: fc.nat(2) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("claim" as const), orgId, afterMs: fc.nat(2) }) },
  fc.record({ kind: fc.constant("removeHealth" as const), orgId }),
  fc.record({
    kind: fc.constant("pass" as const),
    ms: fc.constantFrom(1, 30_000, MINUTE, 3 * MINUTE, 20 * MINUTE),
  }),
);

/** Plays the steps, and gives every answer, with shard numbers counted from `first`. */
async function play(
  stores: Stores,
  announce: (number: number, now: number) => Promise<void>,
  first: number,
  steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
): Promise<unknown[]> {
  const answers: unknown[] = [];
  let now = Date.UTC(2026, 10, 24);
  const listed = new Map<number, Shard>();
  const behind = new Map<string, Awaited<ReturnType<Stores["behind"]["list"]>>[number]>();
  const health = new Map<string, HealthRecord>();
  const idOf = (orgId: string) => `${orgId}-${first}`;
  const mine = async () => {
    const all = await stores.shards.list(first + 2);
    return all.filter(({ number }) => number >= first && number < first + 2);
  };
  const told = (shard: Shard | undefined) => shard && { ...shard, number: shard.number - first };
  for (const each of steps) {
    const number = "shard" in each ? first + each.shard : 0;
    switch (each.kind) {
      case "announce":
        await announce(number, now);
        break;
      case "list":
        for (const shard of await mine()) listed.set(shard.number, shard);
        answers.push([...listed.values()].map(told));
        break;
      case "lease": {
        const fresh = each.isFresh
          ? (await mine()).find((shard) => shard.number === number)
          : listed.get(number);
        if (!fresh) break;
        answers.push(told(await stores.shards.lease(fresh, each.sweep, now, now + MINUTE)));
        break;
      }
      case "release": {
        const swept = {
          checkpoint: { watermark: now, gaps: each.gaps },
          readWholeAt: now - 1,
          schedule: { id: "60/11/290", since: now - 2 },
          openTasks: number,
          behind: { organisations: each.gaps.length, oldest: 1, oldestAnswering: 2 },
        };
        answers.push(await stores.shards.release(number, each.sweep, each.isSwept ? swept : undefined));
        break;
      }
      case "listBehind": {
        const { sweptBy } = (await mine()).find((shard) => shard.number === number) as Shard;
        const records = await stores.behind.list(number, sweptBy);
        for (const orgId of ORGS) behind.delete(`${number}/${orgId}`);
        for (const record of records) behind.set(`${number}/${record.orgId}`, record);
        answers.push(records.toSorted((a, b) => (a.orgId < b.orgId ? -1 : 1)));
        break;
      }
      case "write": {
        const before = each.isFresh ? behind.get(`${number}/${each.orgId}`) : undefined;
        const change = { orgId: each.orgId, gaps: each.gaps, origin: "https://gateway.example", before };
        answers.push(await stores.behind.write(number, each.sweep, change));
        break;
      }
      case "removeBehind": {
        const record = behind.get(`${number}/${each.orgId}`);
        if (record) await stores.behind.remove(number, record);
        break;
      }
      case "put": {
        const { probes } = each;
        const record: HealthRecord = {
          scope: "org",
          id: idOf(each.orgId),
          reason: "credentials",
          since: now,
          nextProbeAt: now + MINUTE,
          probes,
          fingerprint: undefined,
        };
        await stores.health.put(record);
        health.set(each.orgId, record);
        break;
      }
      case "claim": {
        const record = health.get(each.orgId);
        if (record) answers.push(await stores.health.claimProbe(record, now + each.afterMs));
        break;
      }
      case "removeHealth": {
        const record = health.get(each.orgId);
        if (record) await stores.health.remove(record);
        break;
      }
      case "pass":
        now += each.ms;
        break;
    }
    const stuck = await stores.health.list();
    const ids = ORGS.map(idOf);
    answers.push(
      stuck
        .filter(({ id }) => ids.includes(id))
        .map(({ id, ...rest }) => [id.split("-")[0], rest])
        .sort(),
    );
  }
  return answers;
}

it("records in memory behave like those in DynamoDB, for any sequence of operations", async () => {
  const real = {
    shards: new ShardStore(table.db),
    behind: new BehindStore(table.db),
    health: new HealthStore(table.db),
  };
  let first = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      // Shards that nobody has used yet.
      first += 2;
      const memory = new MemoryRecords({ latency: async () => {} });
      const inMemory = await play(
        memory.stores(),
        async (number, now) => memory.announce(number, now),
        first,
        steps,
      );
      const inDynamoDb = await play(
        real,
        (number, now) => announceShard(table.db, number, now),
        first,
        steps,
      );
      expect(inMemory).toEqual(inDynamoDb);
    }),
    { numRuns: 60 },
  );
});
