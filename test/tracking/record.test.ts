import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf, placeOf, readOrder } from "../../lib/tracking/place.ts";
import { parseOpenTask, parseRecord } from "../../lib/tracking/record.ts";

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const key = fc.record({ orgId: id, channelId: id, taskId: id });
const now = Date.UTC(2026, 10, 24);

describe("a tracked task's record", () => {
  it("comes out of the index as it went in", () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 1024 }), (task, shards) => {
        const place = placeOf(task, now, shards);
        const { pk, sk } = keyOf(task);
        const item = {
          pk: { S: pk },
          sk: { S: sk },
          openOrder: { S: place.openOrder },
          state: { S: "running" },
        };
        expect(parseOpenTask(item)).toEqual({
          ...task,
          state: "running",
          trackedAt: now,
          notFound: null,
          order: place.openOrder,
          phase: readOrder(place.openOrder)?.phase,
        });
      }),
    );
  });

  it("is passed over when no version could have written it", () => {
    fc.assert(
      fc.property(fc.object(), (item) => {
        expect(parseOpenTask(item as never)).toBeUndefined();
        expect(parseRecord(item, now)).toBeUndefined();
      }),
    );
    const good = {
      pk: { S: "o1" },
      sk: { S: "c#t" },
      openOrder: { S: "0123456789abcdef" },
      state: { S: "running" },
    };
    expect(parseOpenTask(good)).toBeDefined();
    for (const bad of [
      { sk: { S: "c" } },
      { sk: { S: "c#t#x" } },
      { sk: { S: "c#" } },
      { pk: { S: "o/1" } },
      { pk: { N: "1" } },
      { state: { S: "melted" } },
      { openOrder: { S: "XYZ" } },
      { openOrder: { S: "0123456789abcdef0" } },
    ]) {
      expect(parseOpenTask({ ...good, ...bad })).toBeUndefined();
    }
  });

  it("is looked at though it is odd how often EnOS did not know it: counting begins anew", () => {
    const good = {
      pk: { S: "o1" },
      sk: { S: "c#t" },
      openOrder: { S: "0123456789abcdef" },
      state: { S: "running" },
    };
    const since = { N: String(now) };
    expect(parseOpenTask({ ...good, notFoundSince: since, notFoundLooks: { N: "2" } })?.notFound).toEqual({
      since: now,
      looks: 2,
    });
    for (const looks of [undefined, { S: "melted" }, { N: "-1" }, { N: "1.5" }, { N: "1e99" }]) {
      const item = { ...good, notFoundSince: since, ...(looks && { notFoundLooks: looks }) };
      expect(parseOpenTask(item)?.notFound).toBeNull();
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
