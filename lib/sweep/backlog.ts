import type { BehindRecord } from "../store/behind-store.ts";
import { type CheckedSpan, MOST_KEYS_APART } from "../store/checkpoint.ts";
import { type Coverage, flatten, leastWatermark, spanAt, watermarkAt, within } from "../store/coverage.ts";
import { ALL_KEYS, byKey, isSingleKey, type KeySpan, markOf, onlyKey } from "../store/key-span.ts";
import { mergeGaps } from "../store/merge-gaps.ts";
import { SUSPECT_AFTER } from "./suspects.ts";

/** A task that was taken on and could not be checked. */
interface LeftOut {
  key: string;
  /** Its number in the order in which the organisation's tasks were taken on. */
  number: number;
  watermark: number;
  /** How many calls about it went unanswered; undefined if EnOS was not last asked about it in vain. */
  unanswered: number | undefined;
}

/** What is still to be checked of one organisation in one shard: unread spans, and tasks that were left out. */
export class Backlog {
  readonly orgId: string;
  /** As it was read; undefined when the organisation was not behind. */
  readonly record: BehindRecord | undefined;
  /** Spans whose tasks are still to be taken on, and how far they have been checked. */
  #unread: Coverage;
  /** The spans in #unread that the present pass reads. */
  #served: Coverage = [];
  /** How far keys had been checked before the sweep. */
  readonly #before: Coverage;
  #taken = 0;
  readonly #leftOut: LeftOut[] = [];

  constructor(options: {
    orgId: string;
    /** What is to be checked at first; nothing if left out. */
    unread?: Coverage;
    /** How far keys had been checked before the sweep, if nothing is to be checked at first. */
    before?: Coverage;
    record?: BehindRecord;
  }) {
    this.orgId = options.orgId;
    this.#unread = options.unread ?? [];
    this.#before = options.before ?? this.#unread;
    this.record = options.record;
  }

  /** Whether there is something to read. */
  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /** The least watermark of what is to be read; infinite when there is nothing. */
  get least(): number {
    return leastWatermark(this.#unread);
  }

  /**
   * The same without single keys that are left aside; infinite when there is nothing else.
   *
   * @param isLeftAside by index key
   */
  leastBut(isLeftAside: (key: string) => boolean): number {
    return leastWatermark(this.#unread.filter((span) => !(isSingleKey(span) && isLeftAside(span.from))));
  }

  /** Begins a pass, and returns the spans that it serves: single keys, and the spans that are furthest behind. */
  begin(): Coverage {
    const oldest = leastWatermark(this.#unread.filter((span) => !isSingleKey(span)));
    this.#served = this.#unread.filter((span) => isSingleKey(span) || span.watermark === oldest);
    return this.#served;
  }

  /** How far a key has been checked, if the present pass serves it. */
  servedAt(key: string): number | undefined {
    return watermarkAt(this.#served, key);
  }

  /** How far a key has been checked, if it is still to be read. */
  unreadAt(key: string): number | undefined {
    return watermarkAt(this.#unread, key);
  }

  /** Takes a task on; returns its number, for {@link leaveOut}. */
  take(): number {
    return ++this.#taken;
  }

  /** Notes that a task was taken on and could not be checked. */
  leaveOut(task: LeftOut): void {
    this.#leftOut.push(task);
  }

  /** Notes spans that should have been read and were not. */
  leaveUnread(coverage: Coverage): void {
    this.#unread = flatten([...this.#unread, ...coverage]);
  }

  /** Ends a pass: what it served has been read, except the given spans. */
  end(unread: readonly KeySpan[]): void {
    const served = new Set(this.#served);
    const others = this.#unread.filter((span) => !served.has(span));
    this.#unread = flatten([...others, ...within(this.#served, unread)]);
    this.#served = [];
  }

  /** Forgets everything: the organisation has no task in the shard. */
  clear(): void {
    this.#unread = [];
  }

  /**
   * What is left, as gaps.
   *
   * Tasks that may be never answered stay apart, if they are not too many: in a gap with others, these would have to be
   * checked in every sweep. The marks of their keys tell later processes how often they went unanswered.
   *
   * @param isStuck if so, every other key counts as left as well, so that the record need not be written again while it
   * is stuck
   */
  remaining(isStuck: boolean): CheckedSpan[] {
    const unread = Map.groupBy(this.#unread, isSingleKey);
    const { gaps, alone } = gapsOf(this.#leftOut, this.#before);
    const spans = mergeGaps(flatten([...(unread.get(false) ?? []), ...gaps]));
    const keys = mergeGaps(byKeyOnce([...(unread.get(true) ?? []), ...alone]), MOST_KEYS_APART);
    if (!isStuck) return flatten([...spans, ...keys]);
    // All that is not left has been checked further than any of the keys, so none of these sets the others back, or loses
    // its mark. If nothing is left, the watermark is infinitely low, and such a span counts as none.
    const watermark =
      spans.length > 0 ? leastWatermark(spans) : Math.max(...keys.map((key) => key.watermark)) + 1;
    return flatten([{ ...ALL_KEYS, watermark }, ...keys]);
  }
}

/**
 * The gaps of tasks that were left out.
 *
 * A task has one `alone` if EnOS was asked about it in vain, or if it had one before, perhaps for that reason. Others
 * that were taken on one after the other form one gap if they have been checked equally far, and all keys between them
 * as well. With a gap for each, merging them later would again and again lower the watermark of keys in between to that
 * of the task that is furthest behind.
 *
 * @param before how far keys had been checked; what is in no span, equally far
 */
function gapsOf(leftOut: readonly LeftOut[], before: Coverage): Record<"gaps" | "alone", CheckedSpan[]> {
  const gaps: CheckedSpan[] = [];
  const alone: CheckedSpan[] = [];
  let last: { number: number; span: CheckedSpan | undefined; gap: CheckedSpan } | undefined;
  const inOrder = [...leftOut].sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { key, number, watermark, unanswered } of inOrder) {
    const span = spanAt(before, key);
    const mark = span && markOf(span);
    const previous = last && Math.abs(number - last.number) <= 1 ? last : undefined;
    if (unanswered !== undefined || mark !== undefined) {
      const calls = Math.min(unanswered ?? 0, SUSPECT_AFTER);
      alone.push({ ...onlyKey(key, Math.max(calls, mark ?? 0)), watermark });
      // Those before and behind it follow one another.
      if (previous) previous.number = number;
    } else if (previous && watermark === previous.gap.watermark && span === previous.span) {
      previous.number = number;
      previous.gap.to = onlyKey(key).to;
    } else {
      last = { number, span, gap: { from: key, to: onlyKey(key).to, watermark } };
      gaps.push(last.gap);
    }
  }
  return { gaps, alone };
}

/** Single keys in their order, each once: with its lowest watermark and highest mark. */
function byKeyOnce(keys: readonly CheckedSpan[]): CheckedSpan[] {
  const once = new Map<string, CheckedSpan>();
  for (const key of keys) {
    const other = once.get(key.from) ?? key;
    const watermark = Math.min(key.watermark, other.watermark);
    const mark = Math.max(markOf(key) as number, markOf(other) as number);
    once.set(key.from, { ...onlyKey(key.from, mark), watermark });
  }
  return [...once.values()].sort(byKey);
}
