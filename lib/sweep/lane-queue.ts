import { TurnQueue } from "./turn-queue.ts";

/** What a lane's queue needs to know of an item. */
export interface Ordered {
  /** The shard that it comes from. */
  source?: number;
  /** How far its task has been checked before. */
  checked?: { through: number };
}

/**
 * Items whose tasks have been checked up to the same second count as equally far behind. One sweep takes its shards
 * within moments, and they are to take turns.
 */
const SAME_MS = 1_000;

/** How often one of the `others` is of the least behind; else it is any item. */
const NEWEST = 3 / 4;

/**
 * Which item is next if none goes first: the `first` of those furthest behind; `anyFurthest`, which is any of these, since
 * they are equally far behind; or any of the `others`, mostly of the least behind.
 */
export type Choice = "first" | "anyFurthest" | "others";

/** Items that are equally far behind. */
interface Rank<Item extends Ordered> {
  through: number;
  turns: TurnQueue<Item>;
}

/**
 * One organisation's queued items: first those that go first, the last added before the earlier ones, then, while all
 * calls are answered, those that are furthest behind. So an organisation that may not be called often enough falls
 * behind about equally with all of its tasks, and not with the same ones in every sweep.
 */
export class LaneQueue<Item extends Ordered> {
  readonly #front: Item[] = [];
  /** The furthest behind first. None is empty, but the only one may be. */
  readonly #ranks: Rank<Item>[] = [];
  /** How many items are queued, by source. */
  readonly #queuedFrom = new Map<number, number>();
  /** By source: how far the item that is still expected from it has been checked. */
  readonly #expected = new Map<number, number>();
  #length = 0;

  /** How many items are queued. */
  get length(): number {
    return this.#length;
  }

  /** How many of them go first. */
  get lengthInFront(): number {
    return this.#front.length;
  }

  /** How many sources items have come from, at least 1. */
  get sources(): number {
    return Math.max(1, this.#queuedFrom.size);
  }

  /** How many items are queued from one source. */
  lengthFrom(source: number): number {
    return this.#queuedFrom.get(source) ?? 0;
  }

  /** Whether {@link take} is to be called: there is an item, and none that is expected would go before it. */
  get hasNext(): boolean {
    if (this.#front.length > 0) return true;
    const [rank] = this.#ranks;
    if (!rank || rank.turns.length === 0) return false;
    return this.#expected.size === 0 || Math.min(...this.#expected.values()) >= rank.through;
  }

  /** Expects an item from a source that has been checked this far, or less. */
  expect(source: number, through: number): void {
    this.#expected.set(source, secondOf(through));
  }

  /** Expects nothing from a source any more. */
  expectNoMore(source: number): void {
    this.#expected.delete(source);
  }

  /**
   * Queues an item.
   *
   * @param goesFirst whether it goes before all others that are queued now
   * @param askedAt when EnOS was last asked about its task in vain: it goes behind what has not been checked since
   */
  add(
    item: Item,
    { goesFirst = false, askedAt }: { goesFirst?: boolean; askedAt?: number | undefined } = {},
  ): void {
    const { through = 0 } = item.checked ?? {};
    if (goesFirst) this.#front.push(item);
    else this.#rankOf(Math.max(through, askedAt ?? through)).turns.add(item);
    if (this.#expected.size > 0) this.#meet(item);
    this.#count(item, 1);
  }

  /** Removes the next item; undefined if there is none. */
  take(choice: Choice): Item | undefined {
    const item = this.#front.pop() ?? this.#takeRanked(choice);
    if (item) this.#count(item, -1);
    return item;
  }

  /** Removes all items, and returns them. */
  clear(): Item[] {
    const items = [...this.#front.splice(0), ...this.#ranks.splice(0).flatMap(({ turns }) => turns.clear())];
    this.#queuedFrom.clear();
    this.#length = 0;
    return items;
  }

  #takeRanked(choice: Choice): Item | undefined {
    const index = choice === "others" ? this.#anyRank() : 0;
    const turns = this.#ranks[index]?.turns;
    const item = turns?.take(choice !== "first");
    if (turns?.length === 0 && this.#ranks.length > 1) this.#ranks.splice(index, 1);
    return item;
  }

  /** Mostly the rank that is least behind, or else that of any item, while none goes first. */
  #anyRank(): number {
    if (Math.random() < NEWEST) return this.#ranks.length - 1;
    let place = Math.floor(Math.random() * this.#length);
    return this.#ranks.findIndex(({ turns }) => {
      place -= turns.length;
      return place < 0;
    });
  }

  #count({ source = 0 }: Item, change: number): void {
    this.#queuedFrom.set(source, this.lengthFrom(source) + change);
    this.#length += change;
  }

  #meet({ source = 0, checked }: Item): void {
    const expected = this.#expected.get(source);
    if (expected !== undefined && secondOf(checked?.through) <= expected) this.#expected.delete(source);
  }

  /** The rank of a time. There are few, and most items belong to the last one. */
  #rankOf(time: number): Rank<Item> {
    const through = secondOf(time);
    const ranks = this.#ranks;
    let index = ranks.length - 1;
    while (index >= 0 && (ranks[index] as Rank<Item>).through > through) index--;
    const found = ranks[index];
    if (found?.through === through) return found;
    const [only] = ranks;
    if (only && only.turns.length === 0) {
      only.through = through;
      return only;
    }
    const rank = { through, turns: new TurnQueue<Item>() };
    ranks.splice(index + 1, 0, rank);
    return rank;
  }
}

function secondOf(through = 0): number {
  return Math.floor(through / SAME_MS);
}
