import TinyQueue from "tinyqueue";
import { allowedAt, type Lane, type Queued } from "./lane.ts";

/** An item, and its place in its organisation's order: the least goes first, and of equal ones any. */
interface Waiting<Item> {
  item: Item;
  order: number;
  chance: number;
}

/** The item of an organisation that goes first there. */
interface Next<Item extends Queued> {
  lane: Lane<Item>;
  waiting: TinyQueue<Waiting<Item>>;
  takenAt: number;
  next: Waiting<Item>;
}

/**
 * The queued items whose tasks are suspects. The organisation with the fewest calls about its suspects in flight goes
 * first, then the one that has waited longest for its turn, so that none waits behind others' thousands; then those that
 * went unanswered least often. Their calls come after the organisation's first answer, take turns with those about its
 * other tasks, and are apart from its window: at most half as many as that allows.
 */
export class SuspectQueue<Item extends Queued> {
  /** No queue is empty. */
  readonly #waiting = new Map<Lane<Item>, TinyQueue<Waiting<Item>>>();
  readonly #wake: (at: number, now: number) => void;
  #lengthInFront = 0;
  #taken = 0;
  /** Of each organisation, how many items had been taken when one of its own was taken last. */
  readonly #takenAt = new Map<Lane<Item>, number>();

  /** @param options.wake has {@link take} called again at a time when it will find more */
  constructor({ wake }: { wake: (at: number, now: number) => void }) {
    this.#wake = wake;
  }

  /** Queues an item. @param calls how many calls in a row went unanswered; 0 if the item goes before all others */
  add(lane: Lane<Item>, item: Item, calls: number): void {
    const waiting = this.#waiting.get(lane) ?? new TinyQueue<Waiting<Item>>([], compare);
    waiting.push({ item, order: calls, chance: Math.random() });
    this.#waiting.set(lane, waiting);
    if (calls === 0) this.#lengthInFront++;
  }

  /** How many items of all organisations are queued that go before all others of theirs. */
  get lengthInFront(): number {
    return this.#lengthInFront;
  }

  /** How many items of an organisation are queued. */
  lengthOf(lane: Lane<Item>): number {
    return this.#waiting.get(lane)?.length ?? 0;
  }

  /** Removes the item that goes first of those that may be called for now; undefined if there is none. */
  take(now: number): { lane: Lane<Item>; item: Item } | undefined {
    let first: Next<Item> | undefined;
    for (const [lane, waiting] of this.#waiting) {
      if (!isItsTurn(lane)) continue;
      const takenAt = this.#takenAt.get(lane) ?? 0;
      const one = { lane, waiting, takenAt, next: waiting.peek() as Waiting<Item> };
      if (allowedAt(lane) > now) this.#wake(allowedAt(lane), now);
      else if (!first || compareLanes(one, first) < 0) first = one;
    }
    if (!first) return undefined;
    const { lane, waiting, next } = first;
    waiting.pop();
    this.#takenAt.set(lane, ++this.#taken);
    if (next.order === 0) this.#lengthInFront--;
    if (waiting.length === 0) this.#waiting.delete(lane);
    return { lane, item: next.item };
  }

  /** Removes all items of an organisation, and returns them. */
  clear(lane: Lane<Item>): Item[] {
    const waiting = this.#waiting.get(lane)?.data ?? [];
    this.#waiting.delete(lane);
    this.#lengthInFront -= waiting.filter(({ order }) => order === 0).length;
    return waiting.map(({ item }) => item);
  }
}

function compare(a: Waiting<unknown>, b: Waiting<unknown>): number {
  return a.order - b.order || a.chance - b.chance;
}

function compareLanes(a: Next<Queued>, b: Next<Queued>): number {
  const inFlight = a.lane.suspectsInFlight - b.lane.suspectsInFlight;
  return inFlight || a.takenAt - b.takenAt || compare(a.next, b.next);
}

function isItsTurn({ items, window, inFlight, suspectsInFlight, wasSuspect }: Lane<Queued>): boolean {
  const isAlone = items.length === 0 && inFlight === 0;
  if (!window.hasAnswered && !isAlone) return false;
  if (wasSuspect && items.hasNext) return false;
  return suspectsInFlight < Math.max(1, window.size / 2);
}
