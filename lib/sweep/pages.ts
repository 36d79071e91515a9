import type { KeySpan } from "../store/checkpoint.ts";
import { ALL_KEYS, type KeyRange } from "../store/index-key.ts";
import type { IsWanted, OpenTaskPage } from "../store/open-task-store.ts";
import type { SweepDependencies } from "./dependencies.ts";

/** A page, and the index keys of which it has every task. */
export type ReadPage = OpenTaskPage & { keys: KeyRange };

/**
 * The open tasks of a shard within some spans of index keys, page by page.
 *
 * Reads on until a page ends outside of the spans. From then on it jumps from span to span, which takes more queries,
 * and so may cost more if there is little between them. The next page is always requested in advance, so that
 * DynamoDB's latency overlaps with the work on the present page.
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
  const ranges = spans.map(({ from, to }): KeyRange => ({ from: from || ALL_KEYS.from, through: to }));
  const last = ranges.at(-1);
  if (!last) return;
  let range: KeyRange | undefined = { from: (ranges[0] as KeyRange).from, through: last.through };
  let isLeaping = false;
  let { from } = range;
  let reading = openTasks.page(shard, range, isWanted, undefined, signal);
  while (range) {
    const page = await reading;
    const { end } = page;
    const readThrough: string = end?.indexKey ?? range.through;
    const next = ranges.find(({ through }) => through > readThrough);
    const isWithin = next !== undefined && next.from <= readThrough;
    const keys = { from, through: readThrough };
    isLeaping ||= !isWithin;
    if (isLeaping || !end) range = next;
    if (range) {
      from = isWithin && end ? readThrough : range.from;
      reading = openTasks.page(shard, range, isWanted, isWithin ? end?.key : undefined, signal);
      // A caller that stops before that page never sees its failure.
      reading.catch(() => {});
    }
    yield { ...page, keys };
  }
}
