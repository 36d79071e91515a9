import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flatten, isSame, leastWatermark, overlay, watermarkAt, within } from "../../lib/store/coverage.ts";
import { ALL_KEYS, union } from "../../lib/store/key-span.ts";
import { anyChecked, anyGaps, anySpan, anyWhole, has, isOrdered, KEYS, least } from "./spans.ts";

describe("a coverage", () => {
  it("has the lowest watermark of a key's gaps", () => {
    fc.assert(
      fc.property(anyGaps, fc.constantFrom(...KEYS), (gaps, key) => {
        expect(watermarkAt(gaps, key) ?? Number.POSITIVE_INFINITY).toBe(least(gaps, key));
      }),
    );
  });

  it("overlaid with gaps has the lower watermark for each key, and every key", () => {
    fc.assert(
      fc.property(anyWhole, anyGaps, (whole, gaps) => {
        const laid = overlay(whole, gaps);
        expect(isOrdered(laid)).toBe(true);
        expect([laid[0]?.from, laid.at(-1)?.to]).toEqual([ALL_KEYS.from, ALL_KEYS.to]);
        for (const key of KEYS) {
          expect(watermarkAt(laid, key)).toBe(Math.min(least(whole, key), least(gaps, key)));
        }
      }),
    );
  });

  it("restricted to some spans is unchanged there, and empty elsewhere", () => {
    fc.assert(
      fc.property(anyWhole, fc.array(anySpan, { maxLength: 8 }), (whole, some) => {
        const spans = union(some);
        const part = within(whole, spans.toReversed());
        expect(isOrdered(part)).toBe(true);
        for (const key of KEYS) {
          const isWithin = some.some((span) => has(span, key));
          expect(watermarkAt(part, key)).toBe(isWithin ? watermarkAt(whole, key) : undefined);
        }
      }),
    );
  });
});

it("the least watermark of a coverage is that of the key that is furthest behind", () => {
  fc.assert(
    fc.property(anyGaps, (gaps) => {
      expect(leastWatermark(gaps)).toBe(Math.min(...gaps.map(({ watermark }) => watermark)));
    }),
  );
});

describe("gaps", () => {
  it("that overlap become disjoint, with the lowest watermark for each key", () => {
    fc.assert(
      fc.property(anyChecked, (loose) => {
        const ordered = flatten(loose);
        expect(isOrdered(ordered)).toBe(true);
        expect(ordered.every(({ watermark }) => watermark <= 9)).toBe(true);
        for (const key of KEYS) {
          expect(watermarkAt(ordered, key) ?? Number.POSITIVE_INFINITY).toBe(least(loose, key));
        }
      }),
    );
  });

  it("are equal if they have the same spans and watermarks", () => {
    fc.assert(
      fc.property(anyGaps, anyGaps, (a, b) => {
        expect(isSame(a, structuredClone(a))).toBe(true);
        expect(isSame(a, b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        for (const change of [{ from: "x" }, { to: "x" }, { watermark: 10 }]) {
          a.forEach((span, index) => {
            expect(isSame(a, a.with(index, { ...span, ...change }))).toBe(false);
          });
        }
      }),
    );
  });
});
