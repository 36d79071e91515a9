import TinyQueue from "tinyqueue";
import { allowedAt, isInDoubt, type Lane, mayCall, type Queued } from "./lane.ts";

/**
 * The kinds of calls that start in waiting places: first calls of organisations whose pace is not known, calls to
 * organisations in doubt, calls to slow organisations, second opinions on stuck gateways, and probes.
 */
const KINDS = ["first", "doubt", "slow", "opinion", "probe"] as const;
type WaitingKind = (typeof KINDS)[number];

/** What a place is taken for: one of those, or a call about a suspect, which has waited elsewhere. */
export type PlaceKind = WaitingKind | "suspect";

/** Kinds of calls that are made even if their organisation is stopped, each for an item of its own. */
export type ProbeKind = Extract<WaitingKind, "opinion" | "probe">;

/** What gets a waiting place: a lane's next item, or a probe. */
type Next<Item extends Queued> =
  | { kind: Exclude<WaitingKind, ProbeKind>; lane: Lane<Item> }
  | { kind: ProbeKind; item: Item };

/** Items of which the one that has waited longest goes first. */
type Line<Item> = TinyQueue<{ item: Item; since: number }>;

/** The waiting places, and what waits for one, each kind of call for an equal share of them. */
export class WaitingPlaces<Item extends Queued> {
  readonly #limit: number;
  readonly #wake: (at: number, now: number) => void;
  readonly #taken: Record<PlaceKind, number> = {
    first: 0,
    doubt: 0,
    slow: 0,
    opinion: 0,
    probe: 0,
    suspect: 0,
  };
  #takenInAll = 0;
  /** Lanes of unknown pace whose first call has not begun. */
  readonly #first: Lane<Item>[] = [];
  /** Quick lanes without an answer in this sweep. Their first call may start here if no slot is free. */
  readonly #unproven: Lane<Item>[] = [];
  readonly #inDoubt = new Set<Lane<Item>>();
  readonly #slow = new Set<Lane<Item>>();
  readonly #probes: Record<ProbeKind, Line<Item>> = { opinion: line(), probe: line() };

  constructor(options: {
    /** New calls start here while fewer places than this are taken. Calls that leave their slots always find one. */
    limit: number;
    /** Has {@link next} called again at a time when it will find more, since an organisation's rate allows it then. */
    wake: (at: number, now: number) => void;
  }) {
    this.#limit = options.limit;
    this.#wake = options.wake;
  }

  /** How many places are taken: perhaps more than the limit, by calls that have left their slots. */
  get taken(): number {
    return this.#takenInAll;
  }

  /** Whether a call about a suspect may start: they never have more than an equal share of the places. */
  get hasRoomForSuspect(): boolean {
    return this.#takenInAll < this.#limit && this.#taken.suspect < this.#limit / (KINDS.length + 1);
  }

  /** Takes a place for a call. */
  take(kind: PlaceKind): void {
    this.#taken[kind]++;
    this.#takenInAll++;
  }

  /** Frees the place of a call that has ended. */
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

  /** Lets a lane wait for its next call: one that is in doubt, or slow. */
  addNext(lane: Lane<Item>): void {
    (isInDoubt(lane) ? this.#inDoubt : this.#slow).add(lane);
  }

  /** Lets a probe wait. @param since when it began to wait, perhaps in an earlier sweep: the first goes first */
  addProbe(item: Item, kind: ProbeKind, since: number): void {
    this.#probes[kind].push({ item, since });
  }

  /** Removes all probes, and returns them. */
  clearProbes(): Item[] {
    const items: Item[] = [];
    for (const waiting of Object.values(this.#probes)) {
      for (let next = waiting.pop(); next; next = waiting.pop()) items.push(next.item);
    }
    return items;
  }

  /** Chooses the call that starts next; undefined if none waits, or there is no place for it. */
  next(now: number): Next<Item> | undefined {
    while (this.#takenInAll < this.#limit && this.#isAnyWaiting) {
      const doubt = this.#next(this.#inDoubt, isInDoubt, isNearerProof, now);
      const slow = this.#next(this.#slow, isSlow, hadFewerTurns, now);
      const isWaiting: Record<WaitingKind, boolean> = {
        first: this.#first.length + this.#unproven.length > 0,
        doubt: doubt !== undefined,
        slow: slow !== undefined,
        opinion: this.#probes.opinion.length > 0,
        probe: this.#probes.probe.length > 0,
      };
      let kind: WaitingKind | undefined;
      for (const each of KINDS) {
        if (isWaiting[each] && (!kind || this.#taken[each] < this.#taken[kind])) kind = each;
      }
      if (!kind) return undefined;
      if (kind === "opinion" || kind === "probe") {
        const { item } = this.#probes[kind].pop() as { item: Item };
        return { kind, item };
      }
      const lane = { first: () => this.#anyFirst(now), doubt: () => doubt, slow: () => slow }[kind]();
      if (lane && mayCall(lane)) return { kind, lane };
    }
    return undefined;
  }

  get #isAnyWaiting(): boolean {
    const lanes = this.#first.length + this.#unproven.length + this.#inDoubt.size + this.#slow.size;
    return lanes + this.#probes.opinion.length + this.#probes.probe.length > 0;
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

  /** Of the lanes that may make a call, the one that goes first. Removes those that belong elsewhere by now. */
  #next(
    lanes: Set<Lane<Item>>,
    belongs: (lane: Lane<Item>) => boolean,
    isBefore: (lane: Lane<Item>, other: Lane<Item>) => boolean,
    now: number,
  ): Lane<Item> | undefined {
    let best: Lane<Item> | undefined;
    for (const lane of lanes) {
      if (!mayCall(lane) || !belongs(lane)) {
        lanes.delete(lane);
      } else if (allowedAt(lane) > now) {
        this.#wake(allowedAt(lane), now);
      } else if (lane.inFlight < lane.window.size && (!best || isBefore(lane, best))) {
        best = lane;
      }
    }
    return best;
  }
}

function line<Item>(): Line<Item> {
  return new TinyQueue<{ item: Item; since: number }>([], (a, b) => a.since - b.since);
}

function isSlow(lane: Lane<Queued>): boolean {
  return lane.pace === "slow" && !isInDoubt(lane);
}

function hadFewerTurns(lane: Lane<Queued>, other: Lane<Queued>): boolean {
  return lane.inPlaces === other.inPlaces ? lane.lastTurn < other.lastTurn : lane.inPlaces < other.inPlaces;
}

/**
 * Of lanes in doubt, one with several unanswered calls goes before those with a single one: so some are soon known to be
 * stuck, instead of all staying in doubt.
 */
function isNearerProof(lane: Lane<Queued>, other: Lane<Queued>): boolean {
  const hasSeveral = lane.unanswered > 1;
  return hasSeveral === other.unanswered > 1 ? lane.lastTurn < other.lastTurn : hasSeveral;
}

/** Removes a random entry from a list, without keeping its order. */
function takeAny<Entry>(list: Entry[]): Entry {
  const index = Math.floor(Math.random() * list.length);
  const entry = list[index] as Entry;
  const last = list.pop() as Entry;
  if (index < list.length) list[index] = last;
  return entry;
}
