import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALL_KEYS, indexKeyOf, parseIndexKey } from "../../lib/store/index-key.ts";
import { OpenCount } from "../../lib/sweep/open-count.ts";
import type { IndexKey } from "../../lib/tasks/record.ts";

const task = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 41 }), fc.double({ min: 0, max: 0.999_999, noNaN: true }))
  .map(([trackedAt, offset]) => parseIndexKey(indexKeyOf(trackedAt, offset)) as IndexKey);
const tasks = fc.uniqueArray(task, { selector: ({ indexKey }) => indexKey, maxLength: 60 });

/** Reads the tasks after one key, through another. */
function read(count: OpenCount, all: IndexKey[], from: string, through: string): void {
  for (const key of all) if (key.indexKey > from && key.indexKey <= through) count.see(key);
  count.cover({ from, through });
}

describe("the count of open tasks", () => {
  it("is exact if everything was read, on any number of pages", () => {
    fc.assert(
      fc.property(tasks, fc.array(task, { maxLength: 5 }), (all, ends) => {
        const count = new OpenCount();
        let from: string = ALL_KEYS.from;
        for (const through of [...ends.map(({ indexKey }) => indexKey).sort(), ALL_KEYS.through]) {
          read(count, all, from, through);
          from = through;
        }
        expect(count.estimate()).toBe(all.length);
      }),
    );
  });

  it("extrapolates from the segments that were read completely", () => {
    fc.assert(
      fc.property(tasks, fc.integer({ min: 0, max: 15 }), task, (all, segment, { trackedAt }) => {
        const count = new OpenCount();
        const digit = segment.toString(16);
        read(count, all, digit, `${digit}ffffffffffffffff`);
        const seen = all.filter(({ indexKey }) => indexKey[0] === digit).length;
        expect(count.estimate()).toBe(16 * seen);
        // The young tasks of another segment are not counted.
        const other = ((segment + 8) % 16) / 16;
        read(count, all, indexKeyOf(trackedAt + 1, other), indexKeyOf(2 ** 44 - 1, other + 1 / 16 - 1e-6));
        expect(count.estimate()).toBe(16 * seen);
      }),
    );
  });

  it("is undefined if no segment was read completely", () => {
    const count = new OpenCount();
    expect(count.estimate()).toBeUndefined();
    count.cover({ from: "01", through: "0f" });
    expect(count.estimate()).toBeUndefined();
  });
});
