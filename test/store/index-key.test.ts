import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  indexEntryOf,
  indexKeyOf,
  keyOf,
  parseIndexKey,
  reachedKeys,
  SEGMENTS,
  segmentKeys,
  segmentOf,
} from "../../lib/store/index-key.ts";
import { ALL_KEYS, type KeySpan } from "../../lib/store/key-span.ts";
import type { IndexKey } from "../../lib/tasks/record.ts";
import { createSchedule, DEFAULT_MAX_INTERVAL_SECONDS } from "../../lib/tasks/schedule.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = Date.UTC(2026, 10, 24);

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const key = fc.record({ orgId: id, channelId: id, taskId: id });
const time = fc.integer({ min: 0, max: 16 ** 11 - 1 });

const isWithin = (order: string, spans: KeySpan[]) =>
  spans.some(({ from, to }) => order >= from && order < to);

describe("a task's index key", () => {
  it("is different for every task", () => {
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
      const { openShard } = indexEntryOf({ orgId: "o1", channelId: "ch-1", taskId: `t${index}` }, NOW, 4);
      counts[openShard] = (counts[openShard] ?? 0) + 1;
    }
    for (const count of counts) expect(count / 20_000).toBeCloseTo(0.25, 1);
  });

  it("contains when the task was tracked, and its offset", () => {
    fc.assert(
      fc.property(key, time, fc.integer({ min: 1, max: 1024 }), (task, trackedAt, shards) => {
        const { openShard, openKey } = indexEntryOf(task, trackedAt, shards);
        expect(openShard).toBeGreaterThanOrEqual(0);
        expect(openShard).toBeLessThan(shards);
        expect(openKey > ALL_KEYS.from && openKey < ALL_KEYS.to).toBe(true);
        const read = parseIndexKey(openKey);
        expect(read?.trackedAt).toBe(trackedAt);
        // The same task has the same offset, whenever it is tracked.
        expect(read?.offset).toBe(parseIndexKey(indexEntryOf(task, 0, 1).openKey)?.offset);
      }),
    );
  });

  it("stands in the segment of its offset, and before the end of it however late it was tracked", () => {
    fc.assert(
      fc.property(key, fc.oneof(time, fc.constant(1e20)), (task, trackedAt) => {
        const { openKey } = indexEntryOf(task, trackedAt, 1);
        expect(openKey).toHaveLength(16);
        const segment = segmentOf(parseIndexKey(openKey) as IndexKey);
        for (let other = 0; other < SEGMENTS; other++) {
          expect(isWithin(openKey, [segmentKeys(other)])).toBe(other === segment);
        }
      }),
    );
  });

  it("is parsed from nothing but a valid key", () => {
    for (const text of ["", "0", "XYZ", "0123456789ABCDEF", "0123456789abcdef0"])
      expect(parseIndexKey(text)).toBeUndefined();
  });

  it("has offsets that are uniform in each shard", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 40_000; index++) {
      const task = { orgId: "o1", channelId: "ch-1", taskId: `t${index}` };
      const { openShard, openKey } = indexEntryOf(task, NOW, 4);
      const tenth = `${openShard}: ${Math.floor((parseIndexKey(openKey)?.offset as number) * 10)}`;
      counts.set(tenth, (counts.get(tenth) ?? 0) + 1);
    }
    expect(counts.size).toBe(40);
    for (const count of counts.values()) expect(count / 10_000).toBeCloseTo(0.1, 1);
  });

  it("is within the spans of every window that the task is due in", () => {
    fc.assert(
      fc.property(
        fc.record({
          sweepIntervalSeconds: fc.constantFrom(1, 10, 60, 900, 3600),
          growthPercent: fc.integer({ min: 1, max: 100 }),
          maxIntervalSeconds: fc.integer({ min: 1, max: 7200 }),
        }),
        key,
        fc.integer({ min: NOW - 8 * DAY, max: NOW + MINUTE }),
        fc.oneof(fc.integer({ min: 1, max: 5 * MINUTE }), fc.integer({ min: 1, max: 2 * DAY })),
        (settings, task, trackedAt, width) => {
          const { openKey } = indexEntryOf(task, trackedAt, 1);
          const { reach, isDue } = createSchedule(settings);
          const spans = reachedKeys(reach(NOW - width, NOW));
          const scheduled = parseIndexKey(openKey) as IndexKey;
          if (isDue(scheduled, NOW - width, NOW)) expect(isWithin(openKey, spans)).toBe(true);
          expect(spans).toEqual([...spans].sort((a, b) => (a.from < b.from ? -1 : 1)));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("has whole segments where offsets are reached, even by a rounding error, and young tasks elsewhere", () => {
    const young = (segment: number) => indexKeyOf(NOW, segment / SEGMENTS);
    const offsets = { from: 0.5, width: 0.25 - 1e-6 };
    const segments = [..."123456"].map((digit, index) => ({ from: young(index), to: digit }));
    expect(reachedKeys({ trackedAfter: NOW, offsets })).toEqual([
      ...segments,
      { from: young(6), to: "d" },
      { from: young(13), to: "e" },
      { from: young(14), to: "f" },
      { from: young(15), to: ALL_KEYS.to },
    ]);
  });

  it("is skipped in most windows once the task is old", () => {
    const { reach, isDue } = createSchedule({ sweepIntervalSeconds: 60 });
    const keys = Array.from({ length: 1000 }, (_, task) =>
      indexEntryOf({ orgId: "o1", channelId: "ch-1", taskId: `t${task}` }, NOW - DAY, 1),
    ).map(({ openKey }) => parseIndexKey(openKey) as IndexKey);
    let read = 0;
    let due = 0;
    for (let index = 0; index < 15; index++) {
      const to = NOW + index * MINUTE;
      const spans = reachedKeys(reach(to - MINUTE, to));
      read += keys.filter(({ indexKey }) => isWithin(indexKey, spans)).length;
      due += keys.filter((key) => isDue(key, to - MINUTE, to)).length;
    }
    expect(due / 1000).toBeCloseTo((15 * 60) / DEFAULT_MAX_INTERVAL_SECONDS, 1);
    expect(read / due).toBeLessThan(1.75);
  });

  it("has spans without a hole in a window that is as long as the longest interval", () => {
    const { reach } = createSchedule({ sweepIntervalSeconds: 60 });
    expect(reachedKeys(reach(NOW - 15 * MINUTE, NOW))).toHaveLength(1);
    expect(reachedKeys(reach(0, NOW))).toHaveLength(1);
  });
});
