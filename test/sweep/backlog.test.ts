import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CheckedSpan,
  MOST_GAPS,
  MOST_GAPS_OF_RECORD,
  MOST_KEYS_APART,
} from "../../lib/store/checkpoint.ts";
import { coverageOf, flatten, watermarkAt } from "../../lib/store/coverage.ts";
import { ALL_KEYS, keysFrom, onlyKey } from "../../lib/store/key-span.ts";
import { Backlog } from "../../lib/sweep/backlog.ts";

const KEYS = Array.from({ length: 40 }, (_, index) => index.toString(16).padStart(16, "0"));
const key = fc.constantFrom(...KEYS);

const gaps = fc
  .array(
    fc.tuple(key, key, fc.nat(5)).map(([a, b, watermark]): CheckedSpan => {
      const [from, to] = a < b ? [a, b] : [b, a];
      return { ...(from === to ? onlyKey(from) : { from, to }), watermark };
    }),
    { maxLength: 6 },
  )
  .map(flatten);

/**
 * From which key on a pass leaves the organisation's tasks, and whether each task that it takes on is checked, or EnOS was
 * asked about it in vain.
 */
const passes = fc.array(
  fc.record({
    leftFrom: fc.option(key, { nil: undefined }),
    ends: fc.array(fc.constantFrom("checked", "unasked", "in vain"), { maxLength: 40 }),
  }),
  { maxLength: 6 },
);

describe("a backlog", () => {
  it("never says that more was checked than was, and keeps what was checked", () => {
    fc.assert(
      fc.property(gaps, fc.nat(9), passes, (gaps, watermark, passes) => {
        const unread = coverageOf({ watermark: Math.max(5, watermark), gaps });
        const backlog = new Backlog({ orgId: "o1", unread });
        /** Keys that are still to be checked, and how far they have been. */
        const open = new Map(KEYS.map((key) => [key, watermarkAt(unread, key) as number]));
        const leftOut = new Set<string>();
        for (const { leftFrom, ends } of passes) {
          if (!backlog.hasUnread) break;
          backlog.begin();
          const ended: (() => void)[] = [];
          for (const key of KEYS) {
            const checkedThrough = backlog.servedAt(key);
            if (checkedThrough === undefined) continue;
            // The backlog says correctly how far a task has been checked, and nothing is taken on twice.
            expect(checkedThrough).toBe(open.get(key));
            expect(leftOut.has(key)).toBe(false);
            if (leftFrom !== undefined && key >= leftFrom) continue;
            const number = backlog.take();
            const end = ends[ended.length] ?? "checked";
            if (end === "checked") ended.push(() => open.delete(key));
            else {
              leftOut.add(key);
              const unanswered = end === "in vain" ? 1 : undefined;
              const task = { key, number, watermark: checkedThrough, unanswered };
              ended.push(() => backlog.leaveOut(task));
            }
          }
          backlog.end(leftFrom === undefined ? [] : [keysFrom(leftFrom)]);
          // Calls end in any order, even after the pass.
          for (const end of ended.reverse()) end();
        }
        const remaining = backlog.remaining(false);
        expect(remaining.length).toBeLessThanOrEqual(MOST_GAPS_OF_RECORD);
        for (const [key, watermark] of open) {
          expect(watermarkAt(remaining, key)).toBeLessThanOrEqual(watermark);
        }
        // What was checked stays checked, unless it lies between two tasks that were left out, or in merged gaps.
        if (leftOut.size === 0) {
          for (const key of KEYS) if (!open.has(key)) expect(watermarkAt(remaining, key)).toBeUndefined();
        }
        const whole = backlog.remaining(true);
        if (open.size === 0) {
          expect(whole).toEqual([]);
          return;
        }
        expect(whole.length).toBeLessThanOrEqual(MOST_GAPS_OF_RECORD);
        for (const [key, watermark] of open) expect(watermarkAt(whole, key)).toBeLessThanOrEqual(watermark);
        // All keys count as left, and that stays so.
        for (const key of KEYS) expect(watermarkAt(whole, key)).toBeDefined();
        expect(new Backlog({ orgId: "o1", unread: whole }).remaining(true)).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });

  it("serves the spans that are furthest behind first, and single keys with them", () => {
    const alone = [1, 4].map((watermark) => ({ ...onlyKey(KEYS[watermark] as string), watermark }));
    const gaps = [...alone, { from: KEYS[8] as string, to: KEYS[9] as string, watermark: 2 }];
    const backlog = new Backlog({ orgId: "o1", unread: coverageOf({ watermark: 7, gaps }) });
    expect(backlog.least).toBe(1);
    expect(backlog.leastBut((key) => key === KEYS[1])).toBe(2);
    expect(backlog.leastBut((key) => key === KEYS[8])).toBe(1);
    expect(new Backlog({ orgId: "o1", unread: alone }).leastBut(() => true)).toBe(Number.POSITIVE_INFINITY);
    expect(backlog.begin()).toEqual(gaps);
    backlog.end([]);
    expect(backlog.least).toBe(7);
    expect(new Set(backlog.begin().map(({ watermark }) => watermark))).toEqual(new Set([7]));
    backlog.end([]);
    expect([backlog.hasUnread, backlog.least]).toEqual([false, Number.POSITIVE_INFINITY]);
    expect(backlog.remaining(false)).toEqual([]);
  });

  it("merges tasks that were taken on one after the other and left out into one gap", () => {
    const backlog = new Backlog({ orgId: "o1" });
    const numbers = new Map(KEYS.map((key) => [key, backlog.take()]));
    for (const index of [3, 4, 5, 6, 7, 12]) {
      const key = KEYS[index] as string;
      // From the sixth on, they are from a later pass, with a higher watermark: they do not belong to the same gap.
      const watermark = index < 6 ? 1 : 2;
      backlog.leaveOut({ key, number: numbers.get(key) as number, watermark, unanswered: undefined });
    }
    const span = (from: number, to: number) => ({ from: KEYS[from], to: onlyKey(KEYS[to] as string).to });
    expect(backlog.remaining(false)).toEqual([
      { ...span(3, 5), watermark: 1 },
      { ...span(6, 7), watermark: 2 },
      { ...span(12, 12), watermark: 2 },
    ]);
  });

  it("keeps gaps apart between which others have been checked further", () => {
    const alone = [2, 6].map((index) => ({ ...onlyKey(KEYS[index] as string), watermark: 1 }));
    const wide = [2, 6].map((index) => ({
      from: KEYS[index - 1] as string,
      to: KEYS[index + 1] as string,
      watermark: 1,
    }));
    for (const gaps of [alone, wide]) {
      const before = coverageOf({ watermark: 7, gaps });
      const first = new Backlog({ orgId: "o1", before });
      const next = new Backlog({ orgId: "o1", unread: before });
      // What is furthest behind is read, the rest is not.
      next.begin();
      next.end([]);
      for (const backlog of [first, next]) {
        for (const { from: key } of alone) {
          backlog.leaveOut({ key, number: backlog.take(), watermark: 1, unanswered: undefined });
        }
        expect(backlog.remaining(false).filter(({ watermark }) => watermark === 1)).toEqual(alone);
      }
    }
  });

  it("keeps tasks apart about which EnOS was asked in vain, so that what is between them counts as checked", () => {
    const tasks = fc.uniqueArray(fc.nat(5_000), {
      minLength: 1,
      maxLength: MOST_KEYS_APART,
      size: "max",
    });
    fc.assert(
      fc.property(tasks, fc.boolean(), (indices, isUnasked) => {
        const keys = indices.sort((a, b) => a - b).map((index) => (2 * index).toString(16).padStart(16, "0"));
        const alone = keys.map((key, index) => ({ ...onlyKey(key, 1), watermark: index % 3 }));
        const leaveAllOut = (backlog: Backlog, unanswered?: number) => {
          for (const { from: key, watermark } of alone)
            backlog.leaveOut({ key, number: backlog.take(), watermark, unanswered });
        };
        const first = new Backlog({ orgId: "o1" });
        leaveAllOut(first, 1);
        expect(first.remaining(false)).toEqual(alone);
        // Also in a sweep that does not ask about them, or does not even read them.
        const next = new Backlog({ orgId: "o1", unread: coverageOf({ watermark: 7, gaps: alone }) });
        if (isUnasked) {
          next.begin();
          next.end([]);
          next.begin();
          next.end([]);
          leaveAllOut(next);
          expect(next.remaining(false)).toEqual(alone);
        } else {
          const remaining = next.remaining(false);
          expect(keys.map((key) => watermarkAt(remaining, key))).toEqual(
            alone.map(({ watermark }) => watermark),
          );
          expect(keys.map((key) => watermarkAt(remaining, `${key}1`))).toEqual(keys.map(() => 7));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("keeps as many tasks apart as it may beside keys of which all is unread", () => {
    const unread = [{ ...ALL_KEYS, watermark: 7 }];
    const backlog = new Backlog({ orgId: "o1", unread });
    const keys = Array.from({ length: MOST_KEYS_APART }, (_, index) =>
      (index * 16 ** 12).toString(16).padStart(16, "0"),
    );
    for (const key of keys) backlog.leaveOut({ key, number: backlog.take(), watermark: 1, unanswered: 1 });
    const remaining = backlog.remaining(false);
    expect(remaining.length).toBeLessThanOrEqual(MOST_GAPS_OF_RECORD);
    expect(keys.map((key) => watermarkAt(remaining, key))).toEqual(keys.map(() => 1));
    expect(keys.map((key) => watermarkAt(remaining, `${key}1`))).toEqual(keys.map(() => 7));
  });

  it("merges no more for tasks that were asked about in vain between others that were left out", () => {
    const backlog = new Backlog({ orgId: "o1" });
    for (const [index, key] of KEYS.entries()) {
      const number = backlog.take();
      if (index % 10 < 7)
        backlog.leaveOut({ key, number, watermark: 5, unanswered: index % 10 === 3 ? 1 : undefined });
    }
    expect(backlog.remaining(false)).toEqual(
      [0, 10, 20, 30].map((first) => ({
        from: KEYS[first],
        to: onlyKey(KEYS[first + 6] as string).to,
        watermark: 5,
      })),
    );
    const few = new Backlog({ orgId: "o1" });
    const numbers = KEYS.map(() => few.take());
    for (const index of [3, 4, 5]) {
      const known = { key: KEYS[index] as string, number: numbers[index] as number };
      few.leaveOut({ ...known, watermark: index === 4 ? 1 : 5, unanswered: index === 4 ? 1 : undefined });
    }
    expect(few.remaining(false).map(({ watermark }) => watermark)).toEqual([5, 1, 5]);
    // Those between which others were checked stay apart.
    const apart = new Backlog({ orgId: "o1" });
    const taken = KEYS.map(() => apart.take());
    for (const index of [3, 7, 8]) {
      const known = { key: KEYS[index] as string, number: taken[index] as number, watermark: 5 };
      apart.leaveOut({ ...known, unanswered: index === 7 ? 1 : undefined });
    }
    expect(watermarkAt(apart.remaining(false), KEYS[5] as string)).toBeUndefined();
  });

  it("marks a task with the calls about it that went unanswered, twice at most, until it has been checked", () => {
    const [asked, notAsked] = [KEYS[3] as string, KEYS[9] as string];
    const leaveOut = (backlog: Backlog, key: string, unanswered?: number) =>
      backlog.leaveOut({ key, number: backlog.take(), watermark: 1, unanswered });
    const gap = (key: string, mark: number, watermark = 1) => ({ ...onlyKey(key, mark), watermark });
    for (const [calls, mark] of [
      [0, 0],
      [1, 1],
      [2, 2],
      [7, 2],
    ] as const) {
      const first = new Backlog({ orgId: "o1" });
      leaveOut(first, asked, calls);
      first.take();
      leaveOut(first, notAsked);
      const left = [gap(asked, mark), gap(notAsked, 0)];
      expect(first.remaining(false)).toEqual(left);
      // A later process may not know of these calls.
      const next = new Backlog({ orgId: "o1", unread: left });
      next.begin();
      for (const key of [asked, notAsked]) {
        leaveOut(next, key);
        next.take();
      }
      next.end([]);
      expect(next.remaining(false)).toEqual(left);
    }
    // Also if it is left unread.
    const unread = new Backlog({ orgId: "o1", unread: [gap(asked, 2, 3), gap(notAsked, 0)] });
    for (const key of [notAsked, asked]) leaveOut(unread, key, 1);
    expect(unread.remaining(false)).toEqual([gap(asked, 2), gap(notAsked, 1)]);
    const behind = new Backlog({ orgId: "o1", unread: [gap(asked, 0, 0)] });
    leaveOut(behind, asked, 1);
    expect(behind.remaining(false)).toEqual([gap(asked, 1, 0)]);
  });

  it("of a stuck organisation lets no task that was asked about in vain set the others back", () => {
    const unread = coverageOf({ watermark: 7, gaps: [{ ...onlyKey(KEYS[3] as string), watermark: 1 }] });
    const backlog = new Backlog({ orgId: "o1", unread });
    const watermarks = (remaining: CheckedSpan[]) => remaining.map(({ watermark }) => watermark);
    expect(watermarks(backlog.remaining(true))).toEqual([7, 1, 7]);
    // Nor if all others have been checked, or were asked about in vain as well.
    backlog.begin();
    for (const [index, key] of KEYS.entries()) {
      const unanswered = index < 20 ? 1 : undefined;
      const watermark = index === 3 ? 1 : 7;
      if (unanswered) backlog.leaveOut({ key, number: backlog.take(), watermark, unanswered });
    }
    backlog.end([]);
    // What was checked is further than any of them.
    const counts = Map.groupBy(watermarks(backlog.remaining(true)), (watermark) => watermark);
    expect([...counts].map(([watermark, { length }]) => [watermark, length])).toEqual([
      [8, 21],
      [7, 19],
      [1, 1],
    ]);
  });

  it("stays short however many tasks were left out, and covers them all", () => {
    for (const [unanswered, most] of [
      [undefined, MOST_GAPS],
      [1, MOST_KEYS_APART],
    ] as const) {
      const backlog = new Backlog({ orgId: "o1" });
      const keys = Array.from({ length: 1_000 }, (_, index) => index.toString(16).padEnd(16, "0"));
      for (const key of keys) {
        backlog.take();
        backlog.leaveOut({ key, number: backlog.take(), watermark: 3, unanswered });
      }
      const remaining = backlog.remaining(false);
      expect(remaining).toHaveLength(most);
      expect(keys.filter((key) => watermarkAt(remaining, key) !== 3)).toEqual([]);
    }
  });

  it("stays short and covers all tasks that were left unread and those asked about in vain, in any order", () => {
    const keyOf = (index: number) => (index * 16 ** 12).toString(16).padStart(16, "0");
    const keys = Array.from({ length: MOST_KEYS_APART + 1 }, (_, index) => keyOf(index));
    const unread = keys.slice(300).map((key) => ({ ...onlyKey(key), watermark: 2 }));
    const backlog = new Backlog({ orgId: "o1", unread });
    for (const key of keys.slice(0, 300)) {
      backlog.leaveOut({ key, number: backlog.take(), watermark: 2, unanswered: 1 });
    }
    const remaining = backlog.remaining(false);
    expect(remaining).toHaveLength(MOST_KEYS_APART);
    expect(keys.filter((key) => watermarkAt(remaining, key) !== 2)).toEqual([]);
  });

  it("has something unread until it is cleared, and then has nothing left", () => {
    const backlog = new Backlog({ orgId: "o1" });
    expect(backlog.hasUnread).toBe(false);
    backlog.leaveUnread([{ ...keysFrom(KEYS[5] as string), watermark: 3 }]);
    expect(backlog.hasUnread).toBe(true);
    expect(backlog.unreadAt(KEYS[4] as string)).toBeUndefined();
    expect(backlog.unreadAt(KEYS[5] as string)).toBe(3);
    backlog.clear();
    expect(backlog.hasUnread).toBe(false);
    expect(backlog.remaining(false)).toEqual([]);
  });

  it("finds what is left of thousands of tasks in less than quadratic time", () => {
    const remaining = (tasks: number) => {
      const backlog = new Backlog({ orgId: "o1" });
      for (let index = 0; index < tasks; index++) {
        const number = backlog.take();
        if (index % 2 > 0) continue;
        const key = index.toString(16).padStart(16, "0");
        backlog.leaveOut({ key, number, watermark: index, unanswered: index % 4 === 0 ? 1 : undefined });
      }
      const before = process.cpuUsage();
      expect(backlog.remaining(false).length).toBeLessThanOrEqual(MOST_GAPS_OF_RECORD);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    // Processor time, and the least of several: other work of the machine is not measured, nor is compilation.
    const least = (tasks: number) => Math.min(...Array.from({ length: 5 }, () => remaining(tasks)));
    least(2_000);
    // Of 16 times the tasks: n log n would be about 22, quadratic time 256.
    expect(least(32_000) / least(2_000)).toBeLessThan(100);
  });
});
