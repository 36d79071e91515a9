import { type CheckedSpan, type Checkpoint, MOST_GAPS } from "./checkpoint.ts";
import { append, type Coverage } from "./coverage.ts";
import { ALL_KEYS } from "./key-span.ts";

/** The shortest checkpoint for a whole coverage. */
export function checkpointOf(coverage: Coverage): Checkpoint {
  const watermark = Math.max(...coverage.map((span) => span.watermark));
  return { watermark, gaps: mergeGaps(coverage.filter((span) => span.watermark < watermark)) };
}

/** The most gaps that are compared by cost; if there are more, they are first merged by distance. */
const MOST_COMPARED = 128;

/**
 * Merges gaps until a record can hold them; every given gap stays covered. A merged gap has the lower watermark of the
 * two, and includes what is between them, so that more is checked again: the pair is merged for which that is least, so
 * that the gap that is furthest back does not extend over the others.
 */
export function mergeGaps(gaps: Coverage, most = MOST_GAPS): CheckedSpan[] {
  const kept: CheckedSpan[] = [];
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
function farApart(gaps: CheckedSpan[], most: number): CheckedSpan[] {
  if (gaps.length <= most) return gaps;
  const holes = gaps.slice(1).map((gap, index) => ({
    index: index + 1,
    width: positionOf(gap.from) - positionOf((gaps[index] as CheckedSpan).to),
  }));
  const starts = holes
    .sort((a, b) => b.width - a.width)
    .slice(0, most - 1)
    .map(({ index }) => index)
    .sort((a, b) => a - b);
  return [0, ...starts].map((start, index) => {
    const part = gaps.slice(start, starts[index]);
    const watermark = Math.min(...part.map((gap) => gap.watermark));
    return { from: (part[0] as CheckedSpan).from, to: (part.at(-1) as CheckedSpan).to, watermark };
  });
}

/** A gap, and its position among all keys. */
type Positioned = CheckedSpan & { begin: number; end: number };

/** The approximate position of a key among all keys, to estimate how much lies between two. */
function positionOf(key: string): number {
  return key === ALL_KEYS.to ? 16 ** 13 : Number.parseInt(key.padEnd(13, "0").slice(0, 13), 16);
}
