import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALL_KEYS, clip, isSingleKey, onlyKey, union } from "../../lib/store/key-span.ts";
import { anySpan, has, KEYS } from "./spans.ts";

describe("spans", () => {
  it("joined have the keys of each of them, and do not touch", () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 12 }), (spans) => {
        const joined = union(spans);
        joined.forEach(({ from, to }, index) => {
          expect(from < to).toBe(true);
          if (index > 0) expect((joined[index - 1] as { to: string }).to < from).toBe(true);
        });
        for (const key of KEYS) {
          expect(joined.some((span) => has(span, key))).toBe(spans.some((span) => has(span, key)));
        }
      }),
    );
  });

  it("clipped have the keys that are also in the other", () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 6 }), anySpan, (spans, other) => {
        const clipped = clip(spans, other);
        for (const { from, to } of clipped) expect(from < to).toBe(true);
        for (const key of KEYS) {
          const isWanted = spans.some((span) => has(span, key)) && has(other, key);
          expect(clipped.some((span) => has(span, key))).toBe(isWanted);
        }
      }),
    );
  });

  it("of a single key contain that key and no other", () => {
    const key = KEYS[3] as string;
    expect(KEYS.filter((each) => has(onlyKey(key), each))).toEqual([key]);
    expect(isSingleKey(onlyKey(key))).toBe(true);
    expect(isSingleKey(ALL_KEYS)).toBe(false);
  });
});
