import fc from "fast-check";
import type { CheckedSpan } from "../../lib/store/checkpoint.ts";
import { coverageOf, flatten } from "../../lib/store/coverage.ts";
import { ALL_KEYS, type KeySpan } from "../../lib/store/key-span.ts";

/** Few and short keys, so that bounds meet often. */
export const KEYS = Array.from({ length: 64 }, (_, index) => (4 * index).toString(16).padStart(16, "0"));

const bound = fc.oneof(
  fc.constantFrom(ALL_KEYS.from, ALL_KEYS.to),
  fc.constantFrom(...KEYS),
  fc.constantFrom(...KEYS).map((key) => `${key}0`),
);
export const anySpan = fc
  .tuple(bound, bound)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }));
/** Spans in any order, overlapping or not. */
export const anyChecked = fc.array(
  fc.tuple(anySpan, fc.nat(9)).map(([span, watermark]): CheckedSpan => ({ ...span, watermark })),
  { maxLength: 40 },
);
/** Gaps as a record holds them, but for their number. */
export const anyGaps = anyChecked.map(flatten);
export const anyWhole = fc
  .tuple(fc.nat(9), anyGaps)
  .map(([watermark, gaps]) => coverageOf({ watermark, gaps }));

/** Whether a key is in a span. */
export const has = ({ from, to }: KeySpan, key: string) => from <= key && key < to;

/** The least watermark of a key, by looking through all spans. */
export const least = (spans: readonly CheckedSpan[], key: string) =>
  spans
    .filter((span) => has(span, key))
    .reduce((low, { watermark }) => Math.min(low, watermark), Number.POSITIVE_INFINITY);

export const isOrdered = (spans: readonly KeySpan[]) =>
  spans.every(
    ({ from, to }, index) => from < to && (index === 0 || (spans[index - 1] as KeySpan).to <= from),
  );
