/** Index keys from one bound to another, which is not included. */
export interface KeySpan {
  from: string;
  to: string;
}

/** Before every index key, and after every one. */
const FIRST_KEY = "";
const PAST_KEYS = "~";

/** Every index key there can be. */
export const ALL_KEYS: KeySpan = { from: FIRST_KEY, to: PAST_KEYS };

/** A single key as a span. @param mark a digit, which the end of the span shows */
export function onlyKey(key: string, mark = 0): KeySpan {
  return { from: key, to: `${key}${mark}` };
}

/** The mark of a span that is a single key; undefined for others. */
export function markOf({ from, to }: KeySpan): number | undefined {
  const rest = to.startsWith(from) ? to.slice(from.length) : "";
  return /^\d$/.test(rest) ? Number(rest) : undefined;
}

/** Whether a span is a single key. */
export function isSingleKey(span: KeySpan): boolean {
  return markOf(span) !== undefined;
}

/** The keys from one on. */
export function keysFrom(from: string): KeySpan {
  return { from, to: PAST_KEYS };
}

/** The keys before one. */
export function keysBefore(to: string): KeySpan {
  return { from: FIRST_KEY, to };
}

/** Spans in their order, overlapping and adjoining ones joined. */
export function union(spans: readonly KeySpan[]): KeySpan[] {
  const joined: KeySpan[] = [];
  for (const { from, to } of [...spans].sort(byKey)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = later(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** The parts of some spans within another one. */
export function clip(spans: readonly KeySpan[], within: KeySpan): KeySpan[] {
  return spans.flatMap((span) => {
    const from = later(span.from, within.from);
    const to = earlier(span.to, within.to);
    return from < to ? [{ from, to }] : [];
  });
}

/** The order of spans that do not overlap. */
export function byKey(a: KeySpan, b: KeySpan): number {
  return a.from < b.from ? -1 : a.from > b.from ? 1 : 0;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

/** The approximate position of a key among all keys. */
export function positionOf(key: string): number {
  return key === ALL_KEYS.to ? 16 ** 13 : Number.parseInt(key.padEnd(13, "0").slice(0, 13), 16);
}
