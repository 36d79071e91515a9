import type { CheckedSpan, Checkpoint } from "./checkpoint.ts";
import { ALL_KEYS, byKey, clip, type KeySpan } from "./key-span.ts";

/** How far index keys have been checked: ascending spans without overlap. A whole coverage includes every key. */
export type Coverage = readonly CheckedSpan[];

/** The whole coverage that a checkpoint stands for. */
export function coverageOf({ watermark, gaps }: Checkpoint): Coverage {
  return overlay([{ ...ALL_KEYS, watermark }], gaps);
}

/** A whole coverage combined with gaps: for a key in both, the lower watermark counts. */
export function overlay(whole: Coverage, gaps: Coverage): Coverage {
  if (gaps.length === 0) return whole;
  const bounds = [...new Set([...whole, ...gaps].flatMap(({ from, to }) => [from, to]))].sort();
  const spans: CheckedSpan[] = [];
  let base = 0;
  let over = 0;
  for (let index = 0; index + 1 < bounds.length; index++) {
    const from = bounds[index] as string;
    const to = bounds[index + 1] as string;
    while ((whole[base] as CheckedSpan).to <= from) base++;
    while (over < gaps.length && (gaps[over] as CheckedSpan).to <= from) over++;
    const gap = gaps[over];
    const below = (whole[base] as CheckedSpan).watermark;
    const watermark = gap && gap.from <= from ? Math.min(gap.watermark, below) : below;
    append(spans, { from, to, watermark });
  }
  return spans;
}

/** Appends a span; merges it with the last one if they are adjacent and have the same watermark. */
export function append(spans: CheckedSpan[], span: CheckedSpan): void {
  const last = spans.at(-1);
  if (last && last.to === span.from && last.watermark === span.watermark) last.to = span.to;
  else spans.push({ ...span });
}

/** The part of a coverage within some spans, ascending. */
export function within(coverage: Coverage, spans: readonly KeySpan[]): CheckedSpan[] {
  const parts = coverage.flatMap((checked) =>
    clip(spans, checked).map((span) => ({ ...span, watermark: checked.watermark })),
  );
  return parts.sort(byKey);
}

/** The watermark of a key; undefined if the coverage does not include it. */
export function watermarkAt(coverage: Coverage, key: string): number | undefined {
  return spanAt(coverage, key)?.watermark;
}

/** The span of a key; undefined if the coverage does not include it. */
export function spanAt(coverage: Coverage, key: string): CheckedSpan | undefined {
  let low = 0;
  let high = coverage.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((coverage[middle] as CheckedSpan).to <= key) low = middle + 1;
    else high = middle;
  }
  const span = coverage[low];
  return span && span.from <= key ? span : undefined;
}

/** The least watermark of a coverage; infinite when it is empty. */
export function leastWatermark(coverage: Coverage): number {
  return coverage.reduce((least, { watermark }) => Math.min(least, watermark), Number.POSITIVE_INFINITY);
}

/** Overlapping spans in any order as a coverage: for a key in several, the lowest watermark counts. */
export function flatten(spans: readonly CheckedSpan[]): CheckedSpan[] {
  const none = { ...ALL_KEYS, watermark: Number.POSITIVE_INFINITY };
  const merged = (from: number, to: number): Coverage => {
    if (to - from <= 1) return overlay([none], spans.slice(from, to));
    const middle = (from + to) >> 1;
    return overlay(merged(from, middle), merged(middle, to));
  };
  return merged(0, spans.length)
    .filter(({ watermark }) => Number.isFinite(watermark))
    .map((span) => ({ ...span }));
}

/** Whether two coverages are equal. */
export function isSame(a: Coverage, b: Coverage): boolean {
  return (
    a.length === b.length &&
    a.every(({ from, to, watermark }, index) => {
      const other = b[index] as CheckedSpan;
      return from === other.from && to === other.to && watermark === other.watermark;
    })
  );
}
