import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indexKeyOf, parseIndexKey } from "../../lib/store/index-key.ts";
import { ALL_KEYS, type KeySpan, onlyKey } from "../../lib/store/key-span.ts";
import { OpenCount, openTasksIn } from "../../lib/sweep/open-count.ts";
import type { IndexKey } from "../../lib/tasks/record.ts";

const task = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 41 }), fc.double({ min: 0, max: 0.999_999, noNaN: true }))
  .map(([trackedAt, offset]) => parseIndexKey(indexKeyOf(trackedAt, offset)) as IndexKey);
const tasks = fc.uniqueArray(task, { selector: ({ indexKey }) => indexKey, maxLength: 60 });

/** Reads the tasks in a span. */
function read(count: OpenCount, all: IndexKey[], span: KeySpan): void {
  for (const key of all) if (key.indexKey >= span.from && key.indexKey < span.to) count.see(key);
  count.cover(span);
}

describe("the count of open tasks", () => {
  it("is exact if everything was read, on any number of pages, from any key on", () => {
    fc.assert(
      fc.property(tasks, fc.array(task, { maxLength: 5 }), fc.nat(5), (all, ends, first) => {
        const count = new OpenCount();
        const bounds = [ALL_KEYS.from, ...ends.map(({ indexKey }) => indexKey).sort(), ALL_KEYS.to];
        const pages = bounds.slice(1).map((to, index) => ({ from: bounds[index] as string, to }));
        for (const page of [...pages.slice(first), ...pages.slice(0, first)]) read(count, all, page);
        expect(count.estimate()).toBe(all.length);
      }),
    );
  });

  it("extrapolates from the segments that were read completely", () => {
    fc.assert(
      fc.property(tasks, fc.integer({ min: 0, max: 15 }), task, (all, segment, { trackedAt }) => {
        const count = new OpenCount();
        const digit = segment.toString(16);
        read(count, all, { from: digit, to: segment < 15 ? (segment + 1).toString(16) : ALL_KEYS.to });
        const seen = all.filter(({ indexKey }) => indexKey[0] === digit).length;
        expect(count.estimate()).toBe(16 * seen);
        // The young tasks of another segment are not counted.
        const other = ((segment + 8) % 16) / 16;
        read(count, all, {
          from: indexKeyOf(trackedAt + 1, other),
          to: onlyKey(indexKeyOf(2 ** 44 - 1, other + 1 / 16 - 1e-6)).to,
        });
        expect(count.estimate()).toBe(16 * seen);
      }),
    );
  });

  it("of several shards is the sum of those that are known", () => {
    expect(
      openTasksIn([{ openTasks: 3 }, { openTasks: undefined }, { openTasks: 0 }, { openTasks: 4 }]),
    ).toBe(7);
    expect(openTasksIn([{ openTasks: undefined }])).toBeNull();
  });

  it("is undefined if no segment was read completely", () => {
    const count = new OpenCount();
    expect(count.estimate()).toBeUndefined();
    count.cover({ from: "01", to: "0f" });
    expect(count.estimate()).toBeUndefined();
  });
});
