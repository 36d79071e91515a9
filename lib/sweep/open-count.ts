import { SEGMENTS, segmentKeys, segmentOf } from "../store/index-key.ts";
import { type KeySpan, union } from "../store/key-span.ts";
import type { Shard } from "../store/shard-store.ts";
import type { IndexKey } from "../tasks/record.ts";

/**
 * Estimates how many tasks are open in a shard, from what a sweep reads of it anyway. Tasks are distributed evenly over
 * the segments, so those segments that were read completely are extrapolated to all. If all were read, it is a count.
 */
export class OpenCount {
  /** How many tasks were read in each segment. */
  readonly #seen: number[] = [];
  readonly #covered: KeySpan[] = [];

  /** Counts a task that was read. */
  see(key: Pick<IndexKey, "offset">): void {
    const segment = segmentOf(key);
    this.#seen[segment] = (this.#seen[segment] ?? 0) + 1;
  }

  /** Notes that every task in a span of keys was read. */
  cover(span: KeySpan): void {
    this.#covered.push(span);
  }

  /** The number of open tasks; undefined if no segment was read completely. */
  estimate(): number | undefined {
    const covered = union(this.#covered);
    let seen = 0;
    let segments = 0;
    for (let segment = 0; segment < SEGMENTS; segment++) {
      const keys = segmentKeys(segment);
      if (!covered.some(({ from, to }) => from <= keys.from && to >= keys.to)) continue;
      seen += this.#seen[segment] ?? 0;
      segments++;
    }
    return segments === 0 ? undefined : Math.round((seen * SEGMENTS) / segments);
  }
}

/** Open tasks in shards, as far as they are known. */
export function openTasksIn(shards: readonly Pick<Shard, "openTasks">[]): number | null {
  const known = shards.flatMap(({ openTasks }) => openTasks ?? []);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}
