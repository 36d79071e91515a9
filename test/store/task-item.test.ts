import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indexEntryOf, keyOf, parseIndexKey } from "../../lib/store/index-key.ts";
import {
  carriedAttributes,
  carriedOf,
  expiryOf,
  isExpired,
  parseDeadline,
  parseOpenTask,
  parseRecord,
} from "../../lib/store/task-item.ts";
import { CorrelationId, Labels, NOTHING_CARRIED } from "../../lib/tasks/carried.ts";
import type { IndexKey } from "../../lib/tasks/record.ts";

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const key = fc.record({ orgId: id, channelId: id, taskId: id });
const now = Date.UTC(2026, 10, 24);
const entry: IndexKey = { indexKey: "0123456789abcdef", trackedAt: now, offset: 0.5 };

describe("a tracked task's item", () => {
  it("can be read back from the index", () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 1024 }), (task, shards) => {
        const { pk, sk } = keyOf(task);
        const entry = parseIndexKey(indexEntryOf(task, now, shards).openKey) as IndexKey;
        const item = { pk: { S: pk }, sk: { S: sk }, state: { S: "running" } };
        expect(parseOpenTask(item, entry)).toEqual({ ...task, ...entry, state: "running", notFound: null });
      }),
    );
  });

  it("is skipped if no version could have written it", () => {
    fc.assert(
      fc.property(fc.object(), (item) => {
        expect(parseOpenTask(item as never, entry)).toBeUndefined();
        expect(parseRecord(item, now)).toBeUndefined();
      }),
    );
    const good = {
      pk: { S: "o1" },
      sk: { S: "c#t" },
      state: { S: "running" },
    };
    expect(parseOpenTask(good, entry)).toBeDefined();
    for (const bad of [
      { sk: { S: "c" } },
      { sk: { S: "c#t#x" } },
      { sk: { S: "c#" } },
      { sk: { S: "#t" } },
      { sk: { N: "1" } },
      { sk: undefined },
      { pk: { S: "o/1" } },
      { pk: { N: "1" } },
    ]) {
      expect(parseOpenTask({ ...good, ...bad } as never, entry)).toBeUndefined();
      const [pk, sk] = [{ ...good, ...bad }.pk, { ...good, ...bad }.sk].map(
        (value) => value && ("S" in value ? value.S : 1),
      );
      expect(parseRecord({ pk, sk, state: "running", stateSince: 1, trackedAt: 1 }, now)).toBeUndefined();
    }
  });

  it("has times of its own, unless they are invalid", () => {
    const good = { pk: { S: "o1" }, sk: { S: "c#t" }, state: { S: "running" } };
    const read = (N: string) => {
      const item = { ...good, deadlineAt: { N }, uncertainSince: { N } };
      const { deadlineAt, uncertainSince } = parseOpenTask(item, entry) ?? {};
      expect(parseDeadline(item)).toBe(deadlineAt);
      return [deadlineAt, uncertainSince];
    };
    expect(read("5")).toEqual([5, 5]);
    for (const odd of ["0", "-5", "5.5", "1e99", "soon"]) expect(read(odd)).toEqual([undefined, undefined]);
  });

  it("is checked even if its count of unknown answers is invalid, which is reset", () => {
    const good = {
      pk: { S: "o1" },
      sk: { S: "c#t" },
      state: { S: "running" },
    };
    const since = { N: String(now) };
    expect(
      parseOpenTask({ ...good, notFoundSince: since, notFoundChecks: { N: "2" } }, entry)?.notFound,
    ).toEqual({
      since: now,
      checks: 2,
    });
    for (const checks of [undefined, { S: "melted" }, { N: "-1" }, { N: "1.5" }, { N: "1e99" }]) {
      const item = { ...good, notFoundSince: since, ...(checks && { notFoundChecks: checks }) };
      expect(parseOpenTask(item, entry)?.notFound).toBeNull();
    }
  });

  it("remains open, and is shown as unknown, if its state or reason comes from a newer version", () => {
    for (const state of ["melted", 7, null, undefined]) {
      const stored = typeof state === "string" ? { S: state } : { N: "7" };
      const open = { pk: { S: "o1" }, sk: { S: "c#t" }, ...(state !== undefined && { state: stored }) };
      expect(parseOpenTask(open, entry)).toMatchObject({ taskId: "t", state: "unknown" });
      const item = {
        pk: "o1",
        sk: "c#t",
        stateSince: 1,
        trackedAt: 1,
        reason: "bored",
        ...(state && { state }),
      };
      expect(parseRecord(item, now)).toMatchObject({ taskId: "t", state: "unknown", reason: null });
    }
  });

  it("shows since when EnOS has not known it, unless that is invalid", () => {
    const item = { pk: "o1", sk: "c#t", state: "running", stateSince: 1, trackedAt: 1 };
    expect(parseRecord({ ...item, notFoundSince: 2, notFoundChecks: 3 }, now)?.notFound).toEqual({
      since: "1970-01-01T00:00:00.002Z",
      checks: 3,
    });
    for (const checks of [undefined, -1, 1.5, "3", 1e99]) {
      expect(parseRecord({ ...item, notFoundSince: 2, notFoundChecks: checks }, now)).toMatchObject({
        state: "running",
        notFound: null,
      });
    }
  });

  it("is hidden once it has expired, even if DynamoDB has not deleted it yet", () => {
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
    for (const expiresAt of [null, "1", undefined]) expect(isExpired({ expiresAt }, now)).toBe(false);
    expect(expiryOf(1_500, 2)).toBe(2 * 86_400 + 2);
  });

  it("is shown with all that is known of it, and null for the rest", () => {
    const item = { pk: "o1", sk: "c#t", state: "abandoned", stateSince: 2_000, trackedAt: 1_000 };
    const known = { progressCode: 1, progressDesc: "d", downloadUrl: "u", dataSize: 5, reason: "deadline" };
    const record = {
      orgId: "o1",
      channelId: "c",
      taskId: "t",
      ...NOTHING_CARRIED,
      trackedAt: "1970-01-01T00:00:01.000Z",
      deadlineAt: null,
      state: "abandoned",
      stateSince: "1970-01-01T00:00:02.000Z",
      notFound: null,
      finishedAt: null,
    };
    const nothing = Object.fromEntries(Object.keys(known).map((name) => [name, null]));
    expect(parseRecord(item, now)).toEqual({ ...record, ...nothing });
    expect(parseRecord({ ...item, ...known, deadlineAt: 3_000, finishedAt: 4_000 }, now)).toEqual({
      ...record,
      ...known,
      deadlineAt: "1970-01-01T00:00:03.000Z",
      finishedAt: "1970-01-01T00:00:04.000Z",
    });
  });
});

it("what a caller attached can be read back, and invalid values are ignored", () => {
  const carried = {
    correlationId: "c",
    labels: { constructor: "é" },
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
  expect(carriedOf(carriedAttributes(carried))).toEqual(carried);
  expect(carriedOf(carriedAttributes({}))).toEqual(NOTHING_CARRIED);
  for (const nothing of [{}, NOTHING_CARRIED]) expect(carriedAttributes(nothing)).toStrictEqual({});
  for (const odd of [['{"a":"b"}'], 7, "x y", null, {}, "{", '{"a":1}', "[]", { a: "b" }]) {
    expect(carriedOf({ correlationId: odd === "x y" ? odd : 7, labels: odd, traceparent: odd })).toEqual(
      NOTHING_CARRIED,
    );
  }
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.anything()),
      fc.anything(),
      fc.anything(),
      (labels, id, parent) => {
        const odd = carriedOf({ labels: JSON.stringify(labels), correlationId: id, traceparent: parent });
        expect(Labels.safeParse(odd.labels).success).toBe(true);
        expect(odd.correlationId === null || CorrelationId.safeParse(odd.correlationId).success).toBe(true);
      },
    ),
  );
});
