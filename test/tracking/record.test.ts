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
        const item = { ...keyOf(task), openOrder: place.openOrder, state: "running" };
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
        expect(parseOpenTask(item)).toBeUndefined();
        expect(parseRecord(item, now)).toBeUndefined();
      }),
    );
    const good = {
      pk: "o1",
      sk: "c#t",
      openOrder: "0123456789abcdef",
      state: "running",
    };
    expect(parseOpenTask(good)).toBeDefined();
    for (const bad of [
      { sk: "c" },
      { sk: "c#t#x" },
      { sk: "c#" },
      { pk: "o/1" },
      { state: "melted" },
      { notFoundSince: "yesterday" },
      { notFoundLooks: -1 },
      { openOrder: "XYZ" },
      { openOrder: 7 },
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
