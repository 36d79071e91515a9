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

/** How often one of the `others` is of the least behind; else it is any of them. */
const NEWEST = 3 / 4;

/**
 * Which item is next if none goes first: the `first` of those furthest behind; `anyFurthest`, which is any of these, since
 * they are equally far behind; or any of the `others`, mostly of the least behind. If possible, none of the `others` was
 * asked about in vain.
 */
export type Choice = "first" | "anyFurthest" | "others";

/** Items that are equally far behind. */
interface Rank<Item extends Ordered> {
  through: number;
  /** Whether EnOS was last asked about them in vain. */
  areAsked: boolean;
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
  /** By source, how many items are queued about which EnOS was not asked in vain. */
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

  /** How many items are queued from one source, without those about which EnOS was asked in vain. */
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
    const isAsked = !goesFirst && askedAt !== undefined;
    if (goesFirst) this.#front.push(item);
    else this.#rankOf(Math.max(through, askedAt ?? through), isAsked).turns.add(item);
    if (this.#expected.size > 0) this.#meet(item);
    this.#count(item, 1, isAsked);
  }

  /** Removes the next item; undefined if there is none. */
  take(choice: Choice): Item | undefined {
    const item = this.#front.pop();
    if (!item) return this.#takeRanked(choice);
    this.#count(item, -1);
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
    const rank = this.#ranks[index];
    const item = rank?.turns.take(choice !== "first");
    if (!rank || !item) return undefined;
    if (rank.turns.length === 0 && this.#ranks.length > 1) this.#ranks.splice(index, 1);
    this.#count(item, -1, rank.areAsked);
    return item;
  }

  /** While none goes first: mostly the rank that is least behind, or else that of any item. */
  #anyRank(): number {
    const others = this.#ranks.filter(({ areAsked }) => !areAsked);
    const ranks = others.length > 0 ? others : this.#ranks;
    let place = Math.floor(Math.random() * ranks.reduce((sum, { turns }) => sum + turns.length, 0));
    const any = ranks.find(({ turns }) => {
      place -= turns.length;
      return place < 0;
    });
    const rank = Math.random() < NEWEST ? ranks.at(-1) : any;
    return this.#ranks.indexOf(rank as Rank<Item>);
  }

  #count({ source = 0 }: Item, change: number, isAsked = false): void {
    if (!isAsked) this.#queuedFrom.set(source, this.lengthFrom(source) + change);
    this.#length += change;
  }

  #meet({ source = 0, checked }: Item): void {
    const expected = this.#expected.get(source);
    if (expected !== undefined && secondOf(checked?.through) <= expected) this.#expected.delete(source);
  }

  /** The rank of a time. There are few, and most items belong to the last one. */
  #rankOf(time: number, areAsked: boolean): Rank<Item> {
    const through = secondOf(time);
    const ranks = this.#ranks;
    let index = ranks.length - 1;
    for (; index >= 0; index--) {
      const found = ranks[index] as Rank<Item>;
      if (found.through === through && found.areAsked === areAsked) return found;
      // Of equal times, what was asked about in vain goes last.
      if (found.through < through || (found.through === through && areAsked)) break;
    }
    const [only] = ranks;
    if (only && only.turns.length === 0) {
      only.through = through;
      only.areAsked = areAsked;
      return only;
    }
    const rank = { through, areAsked, turns: new TurnQueue<Item>() };
    ranks.splice(index + 1, 0, rank);
    return rank;
  }
}

function secondOf(through = 0): number {
  return Math.floor(through / SAME_MS);
}
