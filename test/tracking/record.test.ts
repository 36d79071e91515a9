import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf, parseOpenTask, parseRecord, phaseOf, placeOf } from "../../lib/tracking/record.ts";

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const key = fc.record({ orgId: id, channelId: id, taskId: id });
const now = Date.UTC(2026, 10, 24);

describe("a tracked task's record", () => {
  it("comes out of the index as it went in", () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 1024 }), (task, shards) => {
        const place = placeOf(task, shards);
        const item = { ...keyOf(task), ...place, state: "running", stateSince: now, trackedAt: now };
        expect(parseOpenTask(item)).toEqual({
          ...task,
          state: "running",
          stateSince: now,
          trackedAt: now,
          notFound: null,
          order: place.openOrder,
          phase: phaseOf(place.openOrder),
        });
        expect(place.openShard).toBeGreaterThanOrEqual(0);
        expect(place.openShard).toBeLessThan(shards);
        expect(phaseOf(place.openOrder)).toBeLessThan(1);
      }),
    );
  });

  it("has a key of its own for every task", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a.orgId === b.orgId && a.channelId === b.channelId && a.taskId === b.taskId;
        expect(JSON.stringify(keyOf(a)) === JSON.stringify(keyOf(b))).toBe(same);
      }),
    );
  });

  it("spreads tasks evenly over the shards", () => {
    const counts = [0, 0, 0, 0];
    for (let index = 0; index < 20_000; index++) {
      const { openShard } = placeOf({ orgId: "o1", channelId: "ch-1", taskId: `t${index}` }, 4);
      counts[openShard] = (counts[openShard] ?? 0) + 1;
    }
    for (const count of counts) expect(count / 20_000).toBeCloseTo(0.25, 1);
  });

  it("is passed over when no version could have written it", () => {
    fc.assert(
      fc.property(fc.object(), (item) => {
        expect(parseOpenTask(item)).toBeUndefined();
        expect(parseRecord(item, now)).toBeUndefined();
      }),
    );
    const good = {
      pk: "o1",
      sk: "c#t",
      openOrder: "0123456789abcdef",
      state: "running",
      stateSince: 1,
      trackedAt: 1,
    };
    expect(parseOpenTask(good)).toBeDefined();
    for (const bad of [
      { sk: "c" },
      { sk: "c#t#x" },
      { sk: "c#" },
      { pk: "o/1" },
      { state: "melted" },
      { stateSince: "yesterday" },
      { trackedAt: -1 },
      { openOrder: "XYZ" },
    ]) {
      expect(parseOpenTask({ ...good, ...bad })).toBeUndefined();
    }
  });

  it("is gone when its time is up, though DynamoDB has not deleted it yet", () => {
    const item = {
      pk: "o1",
      sk: "c#t",
      state: "failed",
      stateSince: 1,
      trackedAt: 1,
      finishedAt: 2,
      expiresAt: now / 1000,
    };
    expect(parseRecord(item, now - 1)).toMatchObject({
      state: "failed",
      finishedAt: "1970-01-01T00:00:00.002Z",
    });
    expect(parseRecord(item, now)).toBeUndefined();
  });
});
