import TinyQueue from "tinyqueue";
import { allowedAt, type Lane, mayCall, type Queued } from "./lane.ts";

/** The kinds of calls that start in waiting places. */
const KINDS = ["first", "slow", "probe"] as const;
export type PlaceKind = (typeof KINDS)[number];

/** What gets a waiting place: a lane's next item, or a probe. */
type Next<Item extends Queued> = { kind: "first" | "slow"; lane: Lane<Item> } | { kind: "probe"; item: Item };

/**
 * The waiting places, and what waits for one: first calls, calls to slow organisations, and probes, each kind for an
 * equal share of the places. Of the slow organisations, the one with the fewest calls there goes first.
 */
export class WaitingPlaces<Item extends Queued> {
  readonly #limit: number;
  readonly #wake: (at: number, now: number) => void;
  readonly #taken: Record<PlaceKind, number> = { first: 0, slow: 0, probe: 0 };
  #takenInAll = 0;
  /** Lanes of unknown pace whose first call has not begun. */
  readonly #first: Lane<Item>[] = [];
  /** Quick lanes without an answer in this sweep. Their first call may start here if no slot is free. */
  readonly #unproven: Lane<Item>[] = [];
  readonly #slow = new Set<Lane<Item>>();
  readonly #probes: Item[] = [];
  /** Probes that may start only in places that no other call needs, by since when they have waited. */
  readonly #spareProbes = new TinyQueue<{ item: Item; since: number }>([], (a, b) => a.since - b.since);

  constructor(options: {
    /** New calls start here while fewer places than this are taken. Calls that leave their slots always find one. */
    limit: number;
    /** Has {@link next} called again at a time when it will find more, since an organisation's rate allows it then. */
    wake: (at: number, now: number) => void;
  }) {
    this.#limit = options.limit;
    this.#wake = options.wake;
  }

  /** How many places are taken. */
  get taken(): number {
    return this.#takenInAll;
  }

  take(kind: PlaceKind): void {
    this.#taken[kind]++;
    this.#takenInAll++;
  }

  free(kind: PlaceKind): void {
    this.#taken[kind]--;
    this.#takenInAll--;
  }

  /** Lets a lane of unknown pace wait for its first call. */
  addFirst(lane: Lane<Item>): void {
    this.#first.push(lane);
  }

  /** Lets a quick lane that waits for a slot wait for a place as well. */
  addUnproven(lane: Lane<Item>): void {
    this.#unproven.push(lane);
  }

  addSlow(lane: Lane<Item>): void {
    this.#slow.add(lane);
  }

  addProbe(item: Item, { goesFirst = false } = {}): void {
    if (goesFirst) this.#probes.unshift(item);
    else this.#probes.push(item);
  }

  addSpareProbe(item: Item, since: number): void {
    this.#spareProbes.push({ item, since });
  }

  /** Removes all probes, and returns them. */
  clearProbes(): Item[] {
    const spare: Item[] = [];
    for (let next = this.#spareProbes.pop(); next; next = this.#spareProbes.pop()) spare.push(next.item);
    return [...this.#probes.splice(0), ...spare];
  }

  /** Chooses the call that starts next; undefined if none waits, or there is no place for it. */
  next(now: number): Next<Item> | undefined {
    while (this.#takenInAll < this.#limit && this.#isAnyWaiting) {
      const slow = this.#nextSlow(now);
      const isWaiting: Record<PlaceKind, boolean> = {
        first: this.#first.length + this.#unproven.length > 0,
        slow: slow !== undefined,
        probe: this.#probes.length > 0,
      };
      let kind: PlaceKind | undefined;
      for (const each of KINDS) {
        if (isWaiting[each] && (!kind || this.#taken[each] < this.#taken[kind])) kind = each;
      }
      if (kind === "slow") return { kind, lane: slow as Lane<Item> };
      if (kind === "first") {
        const lane = this.#anyFirst(now);
        if (lane && mayCall(lane)) return { kind, lane };
      } else {
        const item = this.#probes.shift() ?? this.#spareProbes.pop()?.item;
        return item && { kind: "probe", item };
      }
    }
    return undefined;
  }

  get #isAnyWaiting(): boolean {
    const lanes = this.#first.length + this.#unproven.length + this.#slow.size;
    return lanes + this.#probes.length + this.#spareProbes.length > 0;
  }

  /**
   * A lane for a first call, at random: if there is no time for all of them, each sweep calls different ones. Undefined
   * if the lane that was drawn has been called meanwhile, or its rate does not allow a call yet.
   */
  #anyFirst(now: number): Lane<Item> | undefined {
    const chosen = Math.random() * (this.#first.length + this.#unproven.length);
    if (chosen < this.#first.length) {
      const lane = takeAny(this.#first);
      lane.isListed = false;
      return lane;
    }
    // It waits for a slot as well, and may have been called there meanwhile.
    const lane = takeAny(this.#unproven);
    return lane.window.hasAnswered || lane.inFlight > 0 || lane.nextAt > now ? undefined : lane;
  }

  /** Of the slow lanes that may make a call: the one with the fewest in places, then the earliest last turn. */
  #nextSlow(now: number): Lane<Item> | undefined {
    let best: Lane<Item> | undefined;
    for (const lane of this.#slow) {
      if (!mayCall(lane) || lane.pace !== "slow") {
        this.#slow.delete(lane);
      } else if (allowedAt(lane) > now) {
        this.#wake(allowedAt(lane), now);
      } else if (lane.inFlight < lane.window.size && (!best || isBefore(lane, best))) {
        best = lane;
      }
    }
    return best;
  }
}

function isBefore(lane: Lane<Queued>, other: Lane<Queued>): boolean {
  return lane.inPlaces === other.inPlaces ? lane.lastTurn < other.lastTurn : lane.inPlaces < other.inPlaces;
}

/** Removes a random entry from a list, without keeping its order. */
function takeAny<Entry>(list: Entry[]): Entry {
  const index = Math.floor(Math.random() * list.length);
  const entry = list[index] as Entry;
  const last = list.pop() as Entry;
  if (index < list.length) list[index] = last;
  return entry;
}
