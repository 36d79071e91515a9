import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALL_KEYS,
  byKey,
  clip,
  isSingleKey,
  keysBefore,
  keysFrom,
  markOf,
  onlyKey,
  union,
} from "../../lib/store/key-span.ts";
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
    const [a, b, c] = KEYS as [string, string, string];
    expect(union([keysFrom(b), { from: a, to: b }])).toEqual([keysFrom(a)]);
    const one = { from: a, to: c };
    expect([byKey(one, keysFrom(b)), byKey(keysFrom(b), one), byKey(one, keysFrom(a))]).toEqual([-1, 1, 0]);
  });

  it("up to a key and from it on have each key once", () => {
    KEYS.forEach((key, index) => {
      expect(KEYS.filter((each) => has(keysBefore(key), each))).toEqual(KEYS.slice(0, index));
      expect(KEYS.filter((each) => has(keysFrom(key), each))).toEqual(KEYS.slice(index));
    });
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
    expect(KEYS.filter((each) => has(onlyKey(key, 1), each))).toEqual([key]);
    const spans = [
      onlyKey(key),
      onlyKey(key, 2),
      ALL_KEYS,
      { from: key, to: `${key}00` },
      { from: `${key}0`, to: key },
    ];
    expect(spans.map(isSingleKey)).toEqual([true, true, false, false, false]);
    expect(spans.map(markOf)).toEqual([0, 2, undefined, undefined, undefined]);
  });
});
