import { hash } from "node:crypto";
import type { TaskKey } from "../tasks/key.ts";
import type { IndexKey } from "../tasks/record.ts";
import type { Reach } from "../tasks/schedule.ts";
import { ALL_KEYS, type KeySpan } from "./key-span.ts";

/**
 * An index key is 16 hex digits: one of the offset, eleven of the time of tracking (Unix milliseconds), four more of
 * the offset. So within each of the sixteen segments the index has long-running tasks first and young ones last, and a
 * sweep can skip the long-running tasks of a segment in which none can be due.
 */
const INDEX_KEY = /^[0-9a-f]{16}$/;
/** The number of segments, by an index key's first digit. */
export const SEGMENTS = 16;
const TIME_DIGITS = 11;
const LATEST = 16 ** TIME_DIGITS - 1;
const OFFSET_DIGITS = 5;
/** The number of different offsets in index keys. */
export const OFFSETS = 16 ** OFFSET_DIGITS;

/** Segments are widened by this share of a segment, so that rounding loses no task. */
const MARGIN = 0.01;

/** The table's key of a task: its organisation's records stand together, `#` is in no id. */
export function keyOf({ orgId, channelId, taskId }: TaskKey): { pk: string; sk: string } {
  return { pk: orgId, sk: `${channelId}#${taskId}` };
}

/**
 * A task's key in the sparse index of open tasks.
 *
 * @param trackedAt Unix milliseconds
 */
export function indexEntryOf(
  task: TaskKey,
  trackedAt: number,
  shardCount: number,
): { openShard: number; openKey: string } {
  const { pk, sk } = keyOf(task);
  // Shard and offset come from different digits, so that the offset is uniform in every shard.
  const digest = hash("sha256", `${pk}#${sk}`, "hex");
  return {
    openShard: Number.parseInt(digest.slice(8, 16), 16) % shardCount,
    openKey: indexKeyOf(trackedAt, Number.parseInt(digest.slice(0, OFFSET_DIGITS), 16) / OFFSETS),
  };
}

/**
 * The index key of a task.
 *
 * @param trackedAt Unix milliseconds
 * @param offset in [0, 1)
 */
export function indexKeyOf(trackedAt: number, offset: number): string {
  const time = Math.min(LATEST, Math.max(0, Math.floor(trackedAt)));
  const digits = hex(Math.floor(offset * OFFSETS), OFFSET_DIGITS);
  return digits.slice(0, 1) + hex(time, TIME_DIGITS) + digits.slice(1);
}

/** Parses an index key; undefined if it is not one. */
export function parseIndexKey(key: string): IndexKey | undefined {
  if (!INDEX_KEY.test(key)) return undefined;
  const time = key.slice(1, 1 + TIME_DIGITS);
  const offset = key.slice(0, 1) + key.slice(1 + TIME_DIGITS);
  return {
    indexKey: key,
    trackedAt: Number.parseInt(time, 16),
    offset: Number.parseInt(offset, 16) / OFFSETS,
  };
}

/** The index keys of a segment's tasks, whenever they were tracked. */
export function segmentKeys(segment: number): KeySpan {
  return { from: hex(segment, 1), to: segment + 1 < SEGMENTS ? hex(segment + 1, 1) : ALL_KEYS.to };
}

/** The segment in which a key stands. */
export function segmentOf({ offset }: Pick<IndexKey, "offset">): number {
  return Math.floor(offset * SEGMENTS);
}

/** The spans of index keys that hold every task that a window can reach, ascending, with a hole between two. */
export function reachedKeys({ trackedAfter, offsets }: Reach): KeySpan[] {
  const first = Math.floor(offsets.from * SEGMENTS - MARGIN);
  const last = Math.floor((offsets.from + offsets.width) * SEGMENTS + MARGIN);
  const spans: KeySpan[] = [];
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const isReached = (segment - first + SEGMENTS) % SEGMENTS <= last - first;
    const { from, to } = segmentKeys(segment);
    const before = spans.at(-1);
    if (isReached && before) before.to = to;
    else spans.push({ from: isReached ? from : indexKeyOf(trackedAfter, segment / SEGMENTS), to });
  }
  return spans;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
