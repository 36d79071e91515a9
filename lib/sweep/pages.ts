import { ALL_KEYS, type KeyRange } from "../store/index-key.ts";
import type { OpenTaskPage } from "../store/open-task-store.ts";
import type { IndexKey } from "../tasks/record.ts";
import type { SweepDependencies } from "./dependencies.ts";

/** What of a shard is to be read. */
export interface Reading {
  /** The order to begin with. */
  from: string;
  /** The orders that matter, ascending. */
  ranges: readonly KeyRange[];
  /** Whether a task matters. */
  isWanted: (place: IndexKey) => boolean;
}

/**
 * A shard's open tasks from an order on, page by page.
 *
 * Takes whatever comes until a page ends outside of the ranges; from there on it leaps from range to range, which
 * takes more queries, and may so be dearer where there is little between them. The page after is always under way,
 * so that DynamoDB's latency hides behind EnOS's.
 *
 * @param signal ends a call early, which then rejects
 */
export async function* readShard(
  tasks: Pick<SweepDependencies["tasks"], "page">,
  shard: number,
  { from, ranges, isWanted }: Reading,
  signal: AbortSignal,
): AsyncGenerator<OpenTaskPage, void, undefined> {
  let range: KeyRange | undefined = { from, through: ALL_KEYS.through };
  let isLeaping = false;
  let reading = tasks.page(shard, range, isWanted, undefined, signal);
  while (range) {
    const page = await reading;
    const { end } = page;
    const readThrough: string = end?.indexKey ?? range.through;
    const next = ranges.find(({ through }) => through > readThrough);
    const isWithin = next !== undefined && next.from <= readThrough;
    isLeaping ||= !isWithin;
    if (isLeaping || !end) range = next;
    if (range) {
      reading = tasks.page(shard, range, isWanted, isWithin ? end?.key : undefined, signal);
      // Whoever stops before that page never hears of its failure.
      reading.catch(() => {});
    }
    yield page;
  }
}
