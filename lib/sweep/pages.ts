import type { KeySpan } from "../store/key-span.ts";
import type { IsWanted, OpenTaskPage } from "../store/open-task-store.ts";
import type { SweepDependencies } from "./dependencies.ts";

/** A page that passes this many spans takes less time than to jump to each of them, and hardly costs more. */
const SPANS_PER_PAGE = 10;

/** A page, and the index keys of which it has every task. */
export type ReadPage = OpenTaskPage & { keys: KeySpan };

/**
 * The open tasks of a shard within some spans of index keys, page by page.
 *
 * Reads on until a page ends outside of the spans and has not passed many of them. From then on it jumps from span to
 * span, which takes more queries, and so may cost more if there is little between them. The next page is always requested
 * in advance, so that DynamoDB's latency overlaps with the work on the present page.
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
  let isLeaping = false;
  let passed = 0;
  let { from } = span;
  let reading = openTasks.page(shard, span, isWanted, undefined, signal);
  while (span) {
    const page = await reading;
    const { end } = page;
    // Other tasks may have the same key as the page's last one.
    const readTo: string = end?.indexKey ?? span.to;
    const passedBefore = passed;
    while (passed < spans.length && (spans[passed] as KeySpan).to <= readTo) passed++;
    const next = spans[passed];
    const isWithin = next !== undefined && next.from <= readTo;
    const keys = { from, to: readTo };
    isLeaping ||= !isWithin && passed - passedBefore < SPANS_PER_PAGE;
    if (isLeaping || !end || !next) span = next;
    if (span) {
      const goesOn = isWithin || !isLeaping;
      from = goesOn && end ? readTo : span.from;
      reading = openTasks.page(shard, span, isWanted, goesOn ? end?.key : undefined, signal);
      // A caller that stops before that page never sees its failure.
      reading.catch(() => {});
    }
    yield { ...page, keys };
  }
}
