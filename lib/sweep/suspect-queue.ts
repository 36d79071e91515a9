import { allowedAt, type Lane, type Queued } from "./lane.ts";
import { LaneQueue } from "./lane-queue.ts";

/**
 * The queued items whose tasks are suspects. Their calls come after the organisation's first answer, take turns with
 * those about its other tasks, and are apart from its window: at most half as many as that allows.
 */
export class SuspectQueue<Item extends Queued> {
  readonly #items = new Map<Lane<Item>, LaneQueue<Item>>();
  readonly #wake: (at: number, now: number) => void;

  /** @param options.wake has {@link take} called again at a time when it will find more */
  constructor({ wake }: { wake: (at: number, now: number) => void }) {
    this.#wake = wake;
  }

  /** Queues an item. @param goesFirst whether it goes before its organisation's other suspects */
  add(lane: Lane<Item>, item: Item, goesFirst: boolean): void {
    const items = this.#items.get(lane) ?? new LaneQueue();
    this.#items.set(lane, items);
    items.add(item, goesFirst);
  }

  /** How many items of an organisation are queued. */
  lengthOf(lane: Lane<Item>): number {
    return this.#items.get(lane)?.length ?? 0;
  }

  /** Removes an item that may be called for now, of any organisation; undefined if there is none. */
  take(now: number): { lane: Lane<Item>; item: Item } | undefined {
    let chosen: Lane<Item> | undefined;
    let of = 0;
    for (const lane of this.#items.keys()) {
      if (!isItsTurn(lane)) continue;
      if (allowedAt(lane) > now) this.#wake(allowedAt(lane), now);
      else if (Math.random() * ++of < 1) chosen = lane;
    }
    if (!chosen) return undefined;
    const items = this.#items.get(chosen) as LaneQueue<Item>;
    // Mostly one that went unanswered of late, which may have been an exception.
    const item = items.take("others") as Item;
    if (items.length === 0) this.#items.delete(chosen);
    return { lane: chosen, item };
  }

  /** Removes all items of an organisation, and returns them. */
  clear(lane: Lane<Item>): Item[] {
    const items = this.#items.get(lane)?.clear() ?? [];
    this.#items.delete(lane);
    return items;
  }
}

function isItsTurn({ items, window, inFlight, suspectsInFlight, wasSuspect }: Lane<Queued>): boolean {
  const isAlone = items.length === 0 && inFlight === 0;
  if (!window.hasAnswered && !isAlone) return false;
  if (wasSuspect && items.hasNext) return false;
  return suspectsInFlight < Math.max(1, window.size / 2);
}
