import { type Checkpoint, FIRST_KEY, type Gap, type KeySpan, MOST_GAPS, PAST_KEYS } from "./checkpoint.ts";

/**
 * How far spans of index keys have been checked: ascending, each with its watermark. A whole coverage includes every
 * key.
 */
export type Coverage = readonly Gap[];

/** Every index key there can be. */
export const ALL: KeySpan = { from: FIRST_KEY, to: PAST_KEYS };

/** The whole coverage that a checkpoint stands for. */
export function coverageOf({ watermark, gaps }: Checkpoint): Coverage {
  return overlay([{ ...ALL, watermark }], gaps);
}

/** The shortest checkpoint for a whole coverage. */
export function checkpointOf(coverage: Coverage): Checkpoint {
  const watermark = Math.max(...coverage.map((gap) => gap.watermark));
  return { watermark, gaps: simplify(coverage.filter((gap) => gap.watermark < watermark)) };
}

/** A whole coverage combined with gaps: for a key in both, the lower watermark counts. */
export function overlay(whole: Coverage, gaps: Coverage): Coverage {
  if (gaps.length === 0) return whole;
  const bounds = [...new Set([...whole, ...gaps].flatMap(({ from, to }) => [from, to]))].sort();
  const spans: Gap[] = [];
  let base = 0;
  let over = 0;
  for (let index = 0; index + 1 < bounds.length; index++) {
    const from = bounds[index] as string;
    const to = bounds[index + 1] as string;
    while ((whole[base] as Gap).to <= from) base++;
    while (over < gaps.length && (gaps[over] as Gap).to <= from) over++;
    const gap = gaps[over];
    const below = (whole[base] as Gap).watermark;
    const watermark = gap && gap.from <= from ? Math.min(gap.watermark, below) : below;
    append(spans, { from, to, watermark });
  }
  return spans;
}

/** Appends a span; merges it with the last one if they are adjacent and have the same watermark. */
function append(spans: Gap[], span: Gap): void {
  const last = spans.at(-1);
  if (last && last.to === span.from && last.watermark === span.watermark) last.to = span.to;
  else spans.push({ ...span });
}

/** The part of a coverage within some spans, ascending. */
export function within(coverage: Coverage, spans: readonly KeySpan[]): Gap[] {
  const parts = coverage.flatMap((gap) =>
    clip(spans, gap).map((span) => ({ ...span, watermark: gap.watermark })),
  );
  return parts.sort(byKey);
}

/** The watermark of a key; undefined if the coverage does not include it. */
export function watermarkAt(coverage: Coverage, key: string): number | undefined {
  let low = 0;
  let high = coverage.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((coverage[middle] as Gap).to <= key) low = middle + 1;
    else high = middle;
  }
  const gap = coverage[low];
  return gap && gap.from <= key ? gap.watermark : undefined;
}

/** The least watermark of a coverage; infinite when it is empty. */
export function leastWatermark(coverage: Coverage): number {
  return coverage.reduce((least, { watermark }) => Math.min(least, watermark), Number.POSITIVE_INFINITY);
}

/** A single key as a span. */
export function only(key: string): KeySpan {
  return { from: key, to: `${key}0` };
}

/** Whether a span is a single key. */
export function isSingleKey({ from, to }: KeySpan): boolean {
  return to === `${from}0`;
}

/** Spans in their order, overlapping and adjoining ones joined. */
export function union(spans: readonly KeySpan[]): KeySpan[] {
  const joined: KeySpan[] = [];
  for (const { from, to } of [...spans].sort(byKey)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = latter(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** The parts of some spans within another one. */
export function clip(spans: readonly KeySpan[], within: KeySpan): KeySpan[] {
  return spans.flatMap((span) => {
    const from = latter(span.from, within.from);
    const to = latter(span.to, within.to) === within.to ? span.to : within.to;
    return from < to ? [{ from, to }] : [];
  });
}

/** Overlapping gaps as an ascending list without overlap: for a key in several, the lowest watermark counts. */
export function gapsOf(gaps: readonly Gap[]): Gap[] {
  const none = { ...ALL, watermark: Number.POSITIVE_INFINITY };
  const merged = (from: number, to: number): Coverage => {
    if (to - from <= 1) return overlay([none], gaps.slice(from, to));
    const middle = (from + to) >> 1;
    return overlay(merged(from, middle), merged(middle, to));
  };
  return merged(0, gaps.length)
    .filter(({ watermark }) => Number.isFinite(watermark))
    .map((gap) => ({ ...gap }));
}

/** Whether two lists of gaps are equal. */
export function isSame(a: Coverage, b: Coverage): boolean {
  return (
    a.length === b.length &&
    a.every(({ from, to, watermark }, index) => {
      const other = b[index] as Gap;
      return from === other.from && to === other.to && watermark === other.watermark;
    })
  );
}

/** The most gaps that are compared by cost; if there are more, they are first merged by distance. */
const MOST_COMPARED = 128;

/**
 * Merges gaps until a record can hold them; every given gap stays covered. A merged gap has the lower watermark of the
 * two, and includes what is between them, so that more is checked again: the pair is merged for which that is least, so
 * that the gap that is furthest back does not extend over the others.
 */
export function simplify(gaps: Coverage, most = MOST_GAPS): Gap[] {
  const kept: Gap[] = [];
  for (const gap of gaps) append(kept, gap);
  if (kept.length <= most) return kept;
  const few = farApart(kept, MOST_COMPARED);
  const watermarks = few.map(({ watermark }) => watermark);
  const latest = Math.max(...watermarks);
  // What is in no gap has been checked further than any of them.
  const covered = 2 * latest - Math.min(...watermarks) + 1;
  const positioned = few.map((gap) => ({ ...gap, begin: positionOf(gap.from), end: positionOf(gap.to) }));
  while (positioned.length > most) {
    let nearest = 1;
    let least = Number.POSITIVE_INFINITY;
    for (let index = 1; index < positioned.length; index++) {
      const left = positioned[index - 1] as Positioned;
      const right = positioned[index] as Positioned;
      const watermark = Math.min(left.watermark, right.watermark);
      const cost =
        (left.watermark - watermark) * (left.end - left.begin) +
        (covered - watermark) * (right.begin - left.end) +
        (right.watermark - watermark) * (right.end - right.begin);
      if (cost < least) [least, nearest] = [cost, index];
    }
    const [left, right] = positioned.splice(nearest - 1, 2) as [Positioned, Positioned];
    const watermark = Math.min(left.watermark, right.watermark);
    positioned.splice(nearest - 1, 0, {
      from: left.from,
      to: right.to,
      watermark,
      begin: left.begin,
      end: right.end,
    });
  }
  return positioned.map(({ from, to, watermark }) => ({ from, to, watermark }));
}

/** Merges gaps to at most this many, and keeps the widest holes between them. */
function farApart(gaps: Gap[], most: number): Gap[] {
  if (gaps.length <= most) return gaps;
  const holes = gaps.slice(1).map((gap, index) => ({
    index: index + 1,
    width: positionOf(gap.from) - positionOf((gaps[index] as Gap).to),
  }));
  const starts = holes
    .sort((a, b) => b.width - a.width)
    .slice(0, most - 1)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
  return [0, ...starts].map((start, index) => {
    const part = gaps.slice(start, starts[index]);
    const [first] = part as [Gap];
    return { from: first.from, to: (part.at(-1) as Gap).to, watermark: leastWatermark(part) };
  });
}

/** A gap, and its position among all keys. */
type Positioned = Gap & { begin: number; end: number };

/** The approximate position of a key among all keys, to estimate how much lies between two. */
function positionOf(key: string): number {
  return key === PAST_KEYS ? 16 ** 13 : Number.parseInt(key.padEnd(13, "0").slice(0, 13), 16);
}

function latter(a: string, b: string): string {
  return a > b ? a : b;
}

function byKey(a: KeySpan, b: KeySpan): number {
  return a.from < b.from ? -1 : a.from > b.from ? 1 : 0;
}
