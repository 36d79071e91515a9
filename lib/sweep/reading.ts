import type { OpenTaskPage } from "../tracking/open-tasks.ts";
import { ALL_ORDERS, type OrderRange } from "../tracking/place.ts";
import type { SweepParts } from "./ports.ts";

/**
 * A shard's open tasks from an order on, page by page, leaping over most of what is outside of the ranges.
 *
 * The first page takes whatever comes, since it may be all that there is. The page after is always under way, so
 * that DynamoDB's latency hides behind EnOS's.
 *
 * @param ranges the orders that matter, ascending
 * @param signal ends a call early, which then rejects
 */
export async function* readShard(
  tasks: Pick<SweepParts["tasks"], "page">,
  shard: number,
  from: string,
  ranges: readonly OrderRange[],
  signal: AbortSignal,
): AsyncGenerator<OpenTaskPage, void, undefined> {
  let range: OrderRange | undefined = { from, through: ALL_ORDERS.through };
  let reading = tasks.page(shard, range, undefined, signal);
  while (range) {
    const page = await reading;
    const { end } = page;
    const readThrough: string = end?.order ?? range.through;
    range = ranges.find(({ through }) => through > readThrough);
    if (range) {
      const isWithin = range.from <= readThrough;
      reading = tasks.page(shard, range, isWithin ? end?.key : undefined, signal);
      // Whoever stops before that page never hears of its failure.
      reading.catch(() => {});
    }
    yield page;
  }
}
