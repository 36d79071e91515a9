import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Gap, MOST_GAPS, PAST_KEYS } from "../../lib/store/checkpoint.ts";
import { ALL, coverageOf, gapsOf, only, watermarkAt } from "../../lib/store/coverage.ts";
import { Backlog } from "../../lib/sweep/backlog.ts";

const KEYS = Array.from({ length: 40 }, (_, index) => index.toString(16).padStart(16, "0"));
const key = fc.constantFrom(...KEYS);

const gaps = fc
  .array(
    fc.tuple(key, key, fc.nat(5)).map(([a, b, watermark]): Gap => {
      const [from, to] = a < b ? [a, b] : [b, a];
      return { ...(from === to ? only(from) : { from, to }), watermark };
    }),
    { maxLength: 6 },
  )
  .map(gapsOf);

/** What becomes of each task that a pass takes on, in order, and from which key on the organisation is left. */
const passes = fc.array(
  fc.record({
    leftFrom: fc.option(key, { nil: undefined }),
    isChecked: fc.array(fc.boolean(), { maxLength: 40 }),
  }),
  { maxLength: 6 },
);

describe("a backlog", () => {
  it("never says that more was checked than was, and gives up nothing that was", () => {
    fc.assert(
      fc.property(gaps, fc.nat(9), passes, (gaps, watermark, passes) => {
        const unread = coverageOf({ watermark: Math.max(5, watermark), gaps });
        const backlog = new Backlog({ orgId: "o1", unread });
        /** Keys that are still to be checked, with how far they are. */
        const open = new Map(KEYS.map((key) => [key, watermarkAt(unread, key) as number]));
        const leftOut = new Set<string>();
        for (const { leftFrom, isChecked } of passes) {
          if (!backlog.isOpen) break;
          backlog.begin();
          const ended: (() => void)[] = [];
          for (const key of KEYS) {
            const checkedThrough = backlog.servedAt(key);
            if (checkedThrough === undefined) continue;
            // How far a task is checked is what it says, and nothing is taken on twice.
            expect(checkedThrough).toBe(open.get(key));
            expect(leftOut.has(key)).toBe(false);
            if (leftFrom !== undefined && key >= leftFrom) continue;
            const number = backlog.take();
            if (isChecked[ended.length] ?? true) ended.push(() => open.delete(key));
            else {
              leftOut.add(key);
              ended.push(() => backlog.leaveOut({ key, number, watermark: checkedThrough }));
            }
          }
          backlog.end(leftFrom === undefined ? [] : [{ from: leftFrom, to: PAST_KEYS }]);
          // Calls end whenever they do, also after the pass.
          for (const end of ended.reverse()) end();
        }
        const remaining = backlog.remaining(false);
        expect(remaining.length).toBeLessThanOrEqual(MOST_GAPS);
        for (const [key, watermark] of open) {
          expect(watermarkAt(remaining, key)).toBeLessThanOrEqual(watermark);
        }
        // What was checked stays so, unless it lies between two that were left out, or in what had to be merged.
        if (leftOut.size === 0) {
          for (const key of KEYS) if (!open.has(key)) expect(watermarkAt(remaining, key)).toBeUndefined();
        }
        const least = Math.min(...open.values());
        expect(backlog.remaining(true)).toEqual(open.size === 0 ? [] : [{ ...ALL, watermark: least }]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("serves what is furthest back first, and single keys with it", () => {
    const alone = { ...only(KEYS[1] as string), watermark: 4 };
    const gaps = [alone, { from: KEYS[8] as string, to: KEYS[9] as string, watermark: 2 }];
    const backlog = new Backlog({ orgId: "o1", unread: coverageOf({ watermark: 7, gaps }) });
    expect(backlog.begin()).toEqual(gaps);
    backlog.end([]);
    expect(new Set(backlog.begin().map(({ watermark }) => watermark))).toEqual(new Set([7]));
    backlog.end([]);
    expect(backlog.isOpen).toBe(false);
    expect(backlog.remaining(false)).toEqual([]);
  });

  it("takes tasks that were left out one after the other for one gap, and others for gaps of their own", () => {
    const backlog = new Backlog({ orgId: "o1" });
    const numbers = new Map(KEYS.map((key) => [key, backlog.take()]));
    for (const index of [3, 4, 5, 6, 7, 12]) {
      const key = KEYS[index] as string;
      // From the sixth on they come from a pass that was less far back: not one of them is taken along.
      backlog.leaveOut({ key, number: numbers.get(key) as number, watermark: index < 6 ? 1 : 2 });
    }
    const span = (from: number, to: number) => ({ from: KEYS[from], to: only(KEYS[to] as string).to });
    expect(backlog.remaining(false)).toEqual([
      { ...span(3, 5), watermark: 1 },
      { ...span(6, 7), watermark: 2 },
      { ...span(12, 12), watermark: 2 },
    ]);
  });

  it("is closed by what was never read, and cleared when there is nothing to read", () => {
    const backlog = new Backlog({ orgId: "o1" });
    expect(backlog.isOpen).toBe(false);
    backlog.leaveUnread([{ from: KEYS[5] as string, to: PAST_KEYS, watermark: 3 }]);
    expect(backlog.isOpen).toBe(true);
    expect(backlog.unreadAt(KEYS[4] as string)).toBeUndefined();
    expect(backlog.unreadAt(KEYS[5] as string)).toBe(3);
    backlog.clear();
    expect(backlog.isOpen).toBe(false);
    expect(backlog.remaining(false)).toEqual([]);
  });
});
