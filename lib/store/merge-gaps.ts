import TinyQueue from "tinyqueue";
import { type CheckedSpan, type Checkpoint, MOST_GAPS } from "./checkpoint.ts";
import { append, type Coverage, leastWatermark } from "./coverage.ts";
import { byKey, positionOf } from "./key-span.ts";

/** The shortest checkpoint for a whole coverage. */
export function checkpointOf(coverage: Coverage): Checkpoint {
  const watermark = Math.max(...coverage.map((span) => span.watermark));
  return { watermark, gaps: mergeGaps(coverage.filter((span) => span.watermark < watermark)) };
}

/**
 * Merges gaps until there are no more than `most`; every given gap stays covered. A merged gap has the lower watermark of
 * the two, and includes what is between them, so that more is checked again: the pair is merged for which that is least,
 * so that the gap that is furthest back does not extend over the others.
 */
export function mergeGaps(gaps: Coverage, most = MOST_GAPS): CheckedSpan[] {
  const kept: CheckedSpan[] = [];
  for (const gap of gaps) append(kept, gap);
  if (kept.length <= most) return kept;
  const latest = kept.reduce((most, { watermark }) => Math.max(most, watermark), 0);
  // What is in no gap has been checked further than any of them.
  const covered = 2 * latest - leastWatermark(kept) + 1;
  const all: Positioned[] = [];
  const pairs = new TinyQueue<Pair>(undefined, (a, b) => a.cost - b.cost);
  const add = (gap: Positioned, left: Positioned | undefined, right?: Positioned) => {
    all.push(gap);
    if (left) pairs.push(pairOf(left, gap, covered));
    if (right) pairs.push(pairOf(gap, right, covered));
  };
  for (const gap of kept) {
    add({ ...gap, begin: positionOf(gap.from), end: positionOf(gap.to), isMerged: false }, all.at(-1));
  }
  for (let count = kept.length; count > most; count--) {
    let { left, right } = pairs.pop() as Pair;
    while (left.isMerged || right.isMerged) ({ left, right } = pairs.pop() as Pair);
    left.isMerged = true;
    right.isMerged = true;
    const watermark = Math.min(left.watermark, right.watermark);
    const merged = { ...left, to: right.to, end: right.end, right: right.right, watermark, isMerged: false };
    add(merged, left.left, right.right);
  }
  return all
    .filter(({ isMerged }) => !isMerged)
    .sort(byKey)
    .map(({ from, to, watermark }) => ({ from, to, watermark }));
}

/** A gap, its position among all keys, and its neighbours. */
interface Positioned extends CheckedSpan {
  begin: number;
  end: number;
  left?: Positioned | undefined;
  right?: Positioned | undefined;
  /** Whether it is part of another one by now. */
  isMerged: boolean;
}

/** Two neighbours, and what more would have to be checked again if they were merged. */
interface Pair {
  left: Positioned;
  right: Positioned;
  cost: number;
}

/** Makes two gaps neighbours. */
function pairOf(left: Positioned, right: Positioned, covered: number): Pair {
  left.right = right;
  right.left = left;
  const watermark = Math.min(left.watermark, right.watermark);
  const cost =
    (left.watermark - watermark) * (left.end - left.begin) +
    (covered - watermark) * (right.begin - left.end) +
    (right.watermark - watermark) * (right.end - right.begin);
  return { left, right, cost };
}
