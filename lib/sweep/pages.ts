import { type KeySpan, positionOf } from "../store/key-span.ts";
import type { IsWanted, OpenTaskPage } from "../store/open-task-store.ts";
import type { SweepDependencies } from "./dependencies.ts";

/** If this many spans begin within about a page, one page takes less time than to jump to each, and hardly costs more. */
const SPANS_PER_PAGE = 10;

/** A page, and the index keys of which it has every task. */
export type ReadPage = OpenTaskPage & { keys: KeySpan };

/**
 * The open tasks of a shard within some spans of index keys, page by page.
 *
 * Reads on until a page ends outside of the spans. Then it jumps to the next one, and reads only that, unless a page from
 * there probably has many of them: many short queries cost more than a page. The next page is always requested in advance,
 * so that DynamoDB's latency overlaps with the work on the present page.
 *
 * @param spans ascending, without overlap
 * @param signal ends a call early, which then rejects
 */
export async function* readPages(
  openTasks: Pick<SweepDependencies["openTasks"], "page">,
  shard: number,
  spans: readonly KeySpan[],
  isWanted: IsWanted,
  signal: AbortSignal,
): AsyncGenerator<ReadPage, void, undefined> {
  const first = spans[0];
  const last = spans.at(-1);
  if (!first || !last) return;
  let span: KeySpan | undefined = { from: first.from, to: last.to };
  let isJumping = false;
  let passed = 0;
  /** How far apart the first and the last key of a page are. */
  let width = 0;
  let { from } = span;
  let reading = openTasks.page(shard, span, isWanted, undefined, signal);
  while (span) {
    const page = await reading;
    const { end } = page;
    // Other tasks may have the same key as the page's last one.
    const readTo: string = end?.indexKey ?? span.to;
    const keys = { from, to: readTo };
    if (end) width = positionOf(readTo) - positionOf(from);
    while (passed < spans.length && (spans[passed] as KeySpan).to <= readTo) passed++;
    const next = spans[passed];
    if (next) {
      const after = next.from <= readTo ? end?.key : undefined;
      from = after ? readTo : next.from;
      const tenth = spans[passed + SPANS_PER_PAGE - 1];
      const isCrowded = tenth !== undefined && positionOf(tenth.from) - positionOf(from) <= width;
      isJumping = !isCrowded && (isJumping || !after);
      span = { from: after ? span.from : next.from, to: (isJumping ? next : last).to };
      reading = openTasks.page(shard, span, isWanted, after, signal);
      // A caller that stops before that page never sees its failure.
      reading.catch(() => {});
    } else {
      span = undefined;
    }
    yield { ...page, keys };
  }
}
