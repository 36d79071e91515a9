import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CheckedSpan, MOST_GAPS } from "../../lib/store/checkpoint.ts";
import { coverageOf, isSame, leastWatermark, overlay, watermarkAt } from "../../lib/store/coverage.ts";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import { checkpointOf, mergeGaps } from "../../lib/store/merge-gaps.ts";
import { anyGaps, anyWhole, has, isOrdered, KEYS, least } from "./spans.ts";

describe("a coverage", () => {
  it("survives a checkpoint, and never claims that more was checked than was", () => {
    fc.assert(
      fc.property(anyWhole, (whole) => {
        const checkpoint = checkpointOf(whole);
        expect(checkpoint.gaps.length).toBeLessThanOrEqual(MOST_GAPS);
        expect(checkpoint.gaps.every(({ watermark }) => watermark < checkpoint.watermark)).toBe(true);
        expect(checkpoint.watermark).toBe(Math.max(...whole.map(({ watermark }) => watermark)));
        const back = coverageOf(checkpoint);
        for (const key of KEYS) {
          expect(watermarkAt(back, key)).toBeLessThanOrEqual(watermarkAt(whole, key) as number);
        }
        expect(leastWatermark(back)).toBe(leastWatermark(whole));
        if (whole.length <= MOST_GAPS) expect(isSame(back, overlay(whole, [...whole]))).toBe(true);
      }),
    );
  });
});

describe("gaps", () => {
  it("are merged if there are too many, and none gets shorter or a later watermark", () => {
    fc.assert(
      fc.property(anyGaps, fc.integer({ min: 1, max: 20 }), (gaps, most) => {
        const merged = mergeGaps(gaps, most);
        expect(merged.length).toBeLessThanOrEqual(most);
        expect(isOrdered(merged)).toBe(true);
        for (const key of KEYS) {
          expect(watermarkAt(merged, key) ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(least(gaps, key));
        }
        expect(leastWatermark(merged)).toBe(leastWatermark(gaps));
        expect(mergeGaps(gaps).length).toBeLessThanOrEqual(MOST_GAPS);
      }),
    );
  });

  it("are merged where that costs the fewest checks", () => {
    const CELLS = 256;
    const hex = (cell: number) => cell.toString(16).padStart(2, "0");
    const from = fc.uniqueArray(fc.nat(CELLS), { minLength: 4, maxLength: 20 });
    fc.assert(
      fc.property(from, fc.array(fc.nat(9), { minLength: 10, maxLength: 10 }), (bounds, watermarks) => {
        const sorted = bounds.toSorted((a, b) => a - b);
        const gaps = watermarks.slice(0, sorted.length >> 1).map((watermark, index) => {
          const [begin, end] = sorted.slice(2 * index) as [number, number];
          return { from: hex(begin).padEnd(16, "0"), to: end === CELLS ? ALL_KEYS.to : hex(end), watermark };
        });
        const given = gaps.map(({ watermark }) => watermark);
        const covered = 2 * Math.max(...given) - Math.min(...given) + 1;
        const at = (spans: readonly CheckedSpan[], cell: number) =>
          spans.find((span) => has(span, hex(cell).padEnd(16, "0")))?.watermark ?? covered;
        const cost = (merged: readonly CheckedSpan[]) => {
          let sum = 0;
          for (let cell = 0; cell < CELLS; cell++) sum += at(gaps, cell) - at(merged, cell);
          return sum;
        };
        const pairs = gaps.slice(1).map((right, index) => {
          const left = gaps[index] as CheckedSpan;
          const watermark = Math.min(left.watermark, right.watermark);
          return gaps.toSpliced(index, 2, { from: left.from, to: right.to, watermark });
        });
        expect(cost(mergeGaps(gaps, gaps.length - 1))).toBe(Math.min(...pairs.map(cost)));
      }),
    );
  });

  it("are merged pair by pair, the cheapest first, however many there are", () => {
    const key = (position: number) => position.toString(16).padStart(13, "0");
    const gaps: CheckedSpan[] = [];
    const merged: CheckedSpan[] = [];
    // Groups of eight, with holes between them that are wider than any within a group.
    for (let group = 0, at = 0; group < 400; group++) {
      const from = key(at);
      for (let one = 0; one < 8; one++) {
        gaps.push({ from: key(at), to: key(at + 1), watermark: 7 });
        at += 2 + ((5 * one + group) % 9);
      }
      at -= 1 + ((35 + group) % 9);
      merged.push({ from, to: key(at), watermark: 7 });
      at += 100 + (group % 7);
    }
    expect(mergeGaps(gaps, 400)).toEqual(merged);
  });

  it("stay unchanged if there are few, and the one that is furthest back stays apart", () => {
    const at = (from: string, to: string, watermark: number): CheckedSpan => ({ from, to, watermark });
    const apart = [at("1", "2", 3), at("21", "3", 2), at("8", "9", 1)];
    expect(mergeGaps(apart, 3)).toEqual(apart);
    expect(mergeGaps(apart, 2)).toEqual([at("1", "3", 2), at("8", "9", 1)]);
    expect(mergeGaps(apart, 1)).toEqual([at("1", "9", 1)]);
    expect(mergeGaps([at("1", "2", 3), at("2", "3", 3)], 3)).toEqual([at("1", "3", 3)]);
    expect(mergeGaps([])).toEqual([]);
    // What is furthest back takes nobody along while there are others that were checked about equally far.
    const steps = [at("0", "4", 10), at("4", "8", 900), at("8", "c", 910), at("c", "~", 990)];
    expect(mergeGaps(steps, 3)).toEqual([at("0", "4", 10), at("4", "c", 900), at("c", "~", 990)]);
  });
});
