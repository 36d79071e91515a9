import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CheckedSpan, MOST_GAPS } from "../../lib/store/checkpoint.ts";
import { coverageOf, isSame, leastWatermark, overlay, watermarkAt } from "../../lib/store/coverage.ts";
import { checkpointOf, mergeGaps } from "../../lib/store/merge-gaps.ts";
import { anyGaps, anyWhole, isOrdered, KEYS, least } from "./spans.ts";

describe("a coverage", () => {
  it("survives a checkpoint, and never claims that more was checked than was", () => {
    fc.assert(
      fc.property(anyWhole, (whole) => {
        const checkpoint = checkpointOf(whole);
        expect(checkpoint.gaps.length).toBeLessThanOrEqual(MOST_GAPS);
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

  it("are merged where that costs the fewest checks, and stay unchanged if there are few", () => {
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
