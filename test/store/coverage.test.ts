import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIRST_KEY, type Gap, MOST_GAPS, PAST_KEYS } from "../../lib/store/checkpoint.ts";
import {
  ALL,
  type Coverage,
  checkpointOf,
  clip,
  coverageOf,
  gapsOf,
  isSame,
  isSingleKey,
  leastWatermark,
  only,
  overlay,
  simplify,
  union,
  watermarkAt,
  within,
} from "../../lib/store/coverage.ts";

/** Few and short keys, so that bounds meet often. */
const KEYS = Array.from({ length: 64 }, (_, index) => (4 * index).toString(16).padStart(16, "0"));
const bound = fc.oneof(
  fc.constant(FIRST_KEY),
  fc.constant(PAST_KEYS),
  fc.constantFrom(...KEYS),
  fc.constantFrom(...KEYS).map((key) => `${key}0`),
);
const span = fc
  .tuple(bound, bound)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }));
const gap = fc.tuple(span, fc.nat(9)).map(([span, watermark]): Gap => ({ ...span, watermark }));
/** Gaps in any order, overlapping or not. */
const loose = fc.array(gap, { maxLength: 40 });
/** Gaps as a record holds them, but for their number. */
const gaps = loose.map(gapsOf);
const whole = fc.tuple(fc.nat(9), gaps).map(([watermark, gaps]) => coverageOf({ watermark, gaps }));

/** What some gaps say of a key, by looking through them all. */
const least = (gaps: Coverage, key: string) =>
  gaps
    .filter(({ from, to }) => from <= key && key < to)
    .reduce((low, { watermark }) => Math.min(low, watermark), Number.POSITIVE_INFINITY);

const isOrdered = (gaps: Coverage) =>
  gaps.every(({ from, to }, index) => from < to && (index === 0 || (gaps[index - 1] as Gap).to <= from));

describe("a coverage", () => {
  it("has the lowest watermark of a key's gaps", () => {
    fc.assert(
      fc.property(gaps, fc.constantFrom(...KEYS), (gaps, key) => {
        expect(watermarkAt(gaps, key) ?? Number.POSITIVE_INFINITY).toBe(least(gaps, key));
      }),
    );
  });

  it("overlaid with gaps has the lower watermark for each key, and every key", () => {
    fc.assert(
      fc.property(whole, gaps, (whole, gaps) => {
        const laid = overlay(whole, gaps);
        expect(isOrdered(laid)).toBe(true);
        expect([laid[0]?.from, laid.at(-1)?.to]).toEqual([FIRST_KEY, PAST_KEYS]);
        for (const key of KEYS) {
          expect(watermarkAt(laid, key)).toBe(Math.min(least(whole, key), least(gaps, key)));
        }
      }),
    );
  });

  it("restricted to some spans is unchanged there, and empty elsewhere", () => {
    fc.assert(
      fc.property(whole, fc.array(span, { maxLength: 8 }), (whole, some) => {
        const spans = union(some);
        const part = within(whole, spans);
        expect(isOrdered(part)).toBe(true);
        for (const key of KEYS) {
          const isWithin = some.some(({ from, to }) => from <= key && key < to);
          expect(watermarkAt(part, key)).toBe(isWithin ? watermarkAt(whole, key) : undefined);
        }
      }),
    );
  });

  it("survives a checkpoint, and never claims that more was checked than was", () => {
    fc.assert(
      fc.property(whole, (whole) => {
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
  it("that overlap become disjoint, with the lowest watermark for each key", () => {
    fc.assert(
      fc.property(loose, (loose) => {
        const ordered = gapsOf(loose);
        expect(isOrdered(ordered)).toBe(true);
        for (const key of KEYS) {
          expect(watermarkAt(ordered, key) ?? Number.POSITIVE_INFINITY).toBe(least(loose, key));
        }
      }),
    );
  });

  it("are merged if there are too many, and none gets shorter or a later watermark", () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 20 }), (gaps, most) => {
        const merged = simplify(gaps, most);
        expect(merged.length).toBeLessThanOrEqual(most);
        expect(isOrdered(merged)).toBe(true);
        for (const key of KEYS) {
          expect(watermarkAt(merged, key) ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(least(gaps, key));
        }
        expect(leastWatermark(merged)).toBe(leastWatermark(gaps));
        expect(simplify(gaps).length).toBeLessThanOrEqual(MOST_GAPS);
      }),
    );
  });

  it("are merged where that costs the fewest checks, and stay unchanged if there are few", () => {
    const at = (from: string, to: string, watermark: number): Gap => ({ from, to, watermark });
    const apart = [at("1", "2", 3), at("21", "3", 2), at("8", "9", 1)];
    expect(simplify(apart, 3)).toEqual(apart);
    expect(simplify(apart, 2)).toEqual([at("1", "3", 2), at("8", "9", 1)]);
    expect(simplify(apart, 1)).toEqual([at("1", "9", 1)]);
    expect(simplify([at("1", "2", 3), at("2", "3", 3)], 3)).toEqual([at("1", "3", 3)]);
    expect(simplify([])).toEqual([]);
    // What is furthest back takes nobody along while there are others that were checked about equally far.
    const steps = [at("0", "4", 10), at("4", "8", 900), at("8", "c", 910), at("c", "~", 990)];
    expect(simplify(steps, 3)).toEqual([at("0", "4", 10), at("4", "c", 900), at("c", "~", 990)]);
  });

  it("are equal if they have the same spans and watermarks", () => {
    fc.assert(
      fc.property(gaps, gaps, (a, b) => {
        expect(isSame(a, structuredClone(a))).toBe(true);
        expect(isSame(a, b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe("spans", () => {
  it("joined have the keys of each of them, and do not touch", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), (spans) => {
        const joined = union(spans);
        joined.forEach(({ from, to }, index) => {
          expect(from < to).toBe(true);
          if (index > 0) expect((joined[index - 1] as { to: string }).to < from).toBe(true);
        });
        for (const key of KEYS) {
          const has = ({ from, to }: { from: string; to: string }) => from <= key && key < to;
          expect(joined.some(has)).toBe(spans.some(has));
        }
      }),
    );
  });

  it("clipped have the keys that are also in the other", () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), span, (spans, other) => {
        const clipped = clip(spans, other);
        for (const { from, to } of clipped) expect(from < to).toBe(true);
        for (const key of KEYS) {
          const has = ({ from, to }: { from: string; to: string }) => from <= key && key < to;
          expect(clipped.some(has)).toBe(spans.some(has) && has(other));
        }
      }),
    );
  });

  it("of a single key contain that key and no other", () => {
    const key = KEYS[3] as string;
    const alone = [{ ...only(key), watermark: 1 }];
    expect(KEYS.filter((each) => watermarkAt(alone, each) !== undefined)).toEqual([key]);
    expect(isSingleKey(only(key))).toBe(true);
    expect(isSingleKey(ALL)).toBe(false);
  });
});
