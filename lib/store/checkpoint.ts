import * as z from "zod/mini";
import type { KeySpan } from "./key-span.ts";

/** Index keys of which everything was checked that was due up to `watermark`, in Unix milliseconds. */
export interface CheckedSpan extends KeySpan {
  watermark: number;
}

/**
 * How far a shard has been checked: up to the watermark, except in the gaps, where a sweep was cut short and the next one
 * resumes. Gaps are ascending and do not overlap.
 */
export interface Checkpoint {
  watermark: number;
  gaps: readonly CheckedSpan[];
}

/** The checkpoint of a shard that was never swept. */
export const NEVER_SWEPT: Checkpoint = { watermark: 0, gaps: [] };

/**
 * The most gaps of a shard's checkpoint, and of what a sweep had no time for in an organisation. Beyond it, neighbours are
 * merged, which costs checks but keeps records small.
 */
export const MOST_GAPS = 16;
/**
 * The most single keys that keep a gap of their own in an organisation's record: each of its tasks that are never answered
 * has one for good. Merged ones would have what is between them checked in every sweep.
 */
export const MOST_KEYS_APART = 400;
/**
 * The most gaps of an organisation's record, in which each single key may divide a gap. So many take about 65 KB, and
 * twice that while a change is pending; an item may have 400 KB.
 */
export const MOST_GAPS_OF_RECORD = MOST_GAPS + 2 * MOST_KEYS_APART;

const Time = z.int().check(z.nonnegative());
/** A key, the text that follows a key, or one of the two ends. */
const Bound = z.string().check(z.regex(/^(?:[0-9a-f]{0,17}|~)$/));

/** Gaps as a record holds them. */
export const Gaps = z.array(z.object({ from: Bound, to: Bound, watermark: Time })).check(
  z.maxLength(MOST_GAPS_OF_RECORD),
  z.refine((gaps) =>
    gaps.every(
      ({ from, to }, index) => from < to && (index === 0 || (gaps[index - 1] as { to: string }).to <= from),
    ),
  ),
);

const Item = z.object({ watermark: Time, gaps: Gaps });

/** Reads a shard's checkpoint; one that does not parse counts as never swept, which loses nothing. */
export function parseCheckpoint(item: unknown): Checkpoint {
  return Item.safeParse(item).data ?? NEVER_SWEPT;
}
