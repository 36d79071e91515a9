import { type KeyRange, SEGMENTS, segmentKeys, segmentOf } from "../store/index-key.ts";
import type { Shard } from "../store/shard-store.ts";
import type { IndexKey } from "../tasks/record.ts";

/**
 * How many tasks are open in a shard, from what a sweep reads of it anyway. Tasks stand in all segments alike, so those
 * that were read whole tell of the others: of a few tasks all are counted, and the count of many is near.
 */
export class OpenCount {
  readonly #seen = new Array<number>(SEGMENTS).fill(0);
  /** In the order in which they were read; what goes on where the one before ended is one with it. */
  readonly #covered: KeyRange[] = [];

  /** Takes the key of a task that was read. */
  see(key: Pick<IndexKey, "offset">): void {
    const segment = segmentOf(key);
    this.#seen[segment] = (this.#seen[segment] ?? 0) + 1;
  }

  /** Says that every task with such a key was read. */
  cover({ from, through }: KeyRange): void {
    const last = this.#covered.at(-1);
    if (last && last.from <= from && from <= last.through) last.through = through;
    else this.#covered.push({ from, through });
  }

  /** Undefined when no segment was read whole. */
  estimate(): number | undefined {
    let seen = 0;
    let segments = 0;
    for (let segment = 0; segment < SEGMENTS; segment++) {
      const keys = segmentKeys(segment);
      if (!this.#covered.some(({ from, through }) => from <= keys.from && through >= keys.through)) continue;
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
