import TinyQueue from "tinyqueue";
import type { Pace, Paces } from "./paces.ts";

/** How the queue behaves, in one place. Times are milliseconds. */
const DEFAULTS = {
  /** A call that takes longer moves from its slot to a waiting place, and its organisation counts as slow. */
  quickMs: 1_000,
  /** How often calls are moved at most. */
  moveEveryMs: 50,
  /** New calls may start in waiting places while fewer than this are taken. */
  places: 256,
  /** Slots and waiting places together: each is a socket, and Lambda has 1,024 descriptors. */
  mostCalls: 768,
  /**
   * Calls that an organisation may have under way after its first answer, if that was quick, and at least whenever its
   * calls take long; each quick answer allows one more.
   */
  firstWindow: 8,
  /** How far an organisation may run ahead of its rate: timers are no finer. */
  burstMs: 100,
  /** Items of one organisation from one source that may wait: the second number while few wait in all. */
  leastQueued: 64,
  mostQueued: 2_000,
  /** So many in all are few: about 60 MB. What has no room in the queue is read from the index again. */
  fewQueued: 100_000,
} as const;

/** A queue forgets what has left it after so many items, or one that is never empty would keep them all. */
const TRIM_AT = 1_024;

/** What of an item matters here. */
export interface Queued {
  orgId: string;
  /** Where it comes from: of one organisation, each source has its turn. */
  source?: number;
}

/** How the fair queue is set. */
export interface FairQueueOptions<Item> {
  /** Call slots. */
  concurrency: number;
  /** Calls per second to one organisation, where nothing else is said of it. */
  requestsPerSecond: number;
  /** Makes the call; resolves with whether it was answered. Must not reject. */
  work: (item: Item) => Promise<boolean>;
  /** Takes back what was queued and will not be worked on. */
  onSkipped: (item: Item) => void;
  /** What was learnt of organisations before, and will be; nothing when left out. */
  paces?: Paces | undefined;
}

/** Those who stand in waiting places, in equal shares. */
const CLASSES = ["first", "slow", "probe"] as const;
type Class = (typeof CLASSES)[number];

/** What waits of one organisation from one source. */
interface Line<Item> {
  items: Item[];
  head: number;
}

interface Lane<Item> {
  readonly orgId: string;
  readonly lines: Map<number, Line<Item>>;
  /** Sources with something that waits; the first has the next turn. */
  turns: number[];
  waiting: number;
  /** Who may be called where; undefined while nothing is known. */
  pace: Pace | undefined;
  /** When it last had its turn in a waiting place, in this sweep or an earlier one. */
  lastTurn: number;
  hasAnswered: boolean;
  stopped: boolean;
  inFlight: number;
  inPlaces: number;
  /** Calls that it may have under way. */
  window: number;
  /** How long its first call took, which it had to itself, if that was not quick: then others take so long by nature. */
  slowness: number;
  /** When its window was last made smaller: calls that began before say nothing new. */
  shrunkAt: number;
  /** Slot time used, in milliseconds; calls under way are counted at what the last ones took. */
  used: number;
  typicalMs: number;
  spacingMs: number;
  /** When the next call is due at the lane's rate (GCRA's theoretical arrival time). */
  nextAt: number;
  isListed: boolean;
}

interface Call<Item> {
  lane: Lane<Item>;
  startedAt: number;
  charged: number;
  /** Where it stands; undefined in a slot. */
  place: Class | undefined;
  ended: boolean;
}

/**
 * Calls to many organisations, such that none can hold up another.
 *
 * Slots are for organisations that answer: the one that has used the least slot time goes first. A call that is not
 * answered within a second moves to a waiting place and takes no slot any more. First calls, probes and calls to slow
 * organisations start in waiting places at once, in equal shares, and there the organisation with the fewest goes
 * first. So however many gateways hang, the slots stay free for the others.
 */
export class FairQueue<Item extends Queued> {
  readonly #options: FairQueueOptions<Item>;
  readonly #lanes = new Map<string, Lane<Item>>();
  /** Quick lanes that may start a call, by the slot time that they had used when they were listed. */
  readonly #ready = new TinyQueue<{ lane: Lane<Item>; used: number }>([], (a, b) => a.used - b.used);
  /** Quick lanes that have to wait for their rate. */
  readonly #paced = new TinyQueue<{ lane: Lane<Item>; at: number }>([], (a, b) => a.at - b.at);
  /** Lanes whose first call has not begun. */
  readonly #first: Lane<Item>[] = [];
  /** Quick lanes without an answer in this sweep: where no slot is free, a waiting place will do for their first call. */
  readonly #unproven: Lane<Item>[] = [];
  readonly #slow = new Set<Lane<Item>>();
  readonly #probes: Item[] = [];
  /** Probes for which only such waiting places are that nobody else wants. */
  readonly #spareProbes: Item[] = [];
  /** Calls that began in slots, the oldest first; some may have ended. */
  #begun: Call<Item>[] = [];
  #oldest = 0;
  #slots = 0;
  readonly #places: Record<Class, number> = { first: 0, slow: 0, probe: 0 };
  /** The slot time at which the last call began: who comes back after a pause does not make up for it. */
  #virtualTime = 0;
  /** Items that wait, of all organisations. */
  #waiting = 0;
  #holds = 0;
  #closed = false;
  #wakeTimer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #changed: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(options: FairQueueOptions<Item>) {
    this.#options = options;
  }

  /** Queues an item for its turn. @param goesFirst before those of its organisation that wait already */
  add(item: Item, { goesFirst = false } = {}): void {
    const lane = this.#lane(item.orgId);
    if (this.#closed || lane.stopped) {
      this.#options.onSkipped(item);
      return;
    }
    if (lane.waiting++ === 0) lane.used = Math.max(lane.used, this.#virtualTime);
    this.#waiting++;
    const source = item.source ?? 0;
    const line = lineOf(lane, source);
    if (line.items.length === line.head) lane.turns.push(source);
    if (!goesFirst) line.items.push(item);
    else if (line.head > 0) line.items[--line.head] = item;
    else line.items.unshift(item);
    this.#list(lane);
    this.#pump();
  }

  /**
   * Queues a call to an organisation that is stuck, stopped or not.
   *
   * @param isSpare only for a waiting place that nobody else wants
   */
  probe(item: Item, { isSpare = false } = {}): void {
    if (this.#closed) {
      this.#options.onSkipped(item);
      return;
    }
    (isSpare ? this.#spareProbes : this.#probes).push(item);
    this.#pump();
  }

  /** How many more items of an organisation have room, from one source. */
  roomFor(orgId: string, source = 0): number {
    const lane = this.#lanes.get(orgId);
    if (this.#closed || lane?.stopped) return 0;
    return Math.max(0, this.#most(lane) - waitingFrom(lane, source));
  }

  /** Whether one more item of an organisation may go first: however many others have something that waits. */
  hasRoomInFront(orgId: string): boolean {
    const lane = this.#lanes.get(orgId);
    return !this.#closed && !lane?.stopped && (lane?.waiting ?? 0) < DEFAULTS.mostQueued;
  }

  /** Whether it is worth reading on for an organisation: it answers, and half of its queue is free. */
  wantsMore(orgId: string, source = 0): boolean {
    const lane = this.#lanes.get(orgId);
    if (this.#closed || lane?.stopped) return false;
    if (!lane || (!lane.hasAnswered && lane.inFlight === 0 && lane.waiting === 0)) return true;
    return lane.hasAnswered && waitingFrom(lane, source) <= this.#most(lane) / 2;
  }

  /** Whether an organisation is called no more in this sweep, unless it is resumed. */
  isStopped(orgId: string): boolean {
    return this.#closed || (this.#lanes.get(orgId)?.stopped ?? false);
  }

  /** Whether nothing else of an organisation waits or is under way than the call that just ended. */
  isLast(orgId: string): boolean {
    const lane = this.#lanes.get(orgId);
    return !lane || (lane.waiting === 0 && lane.inFlight <= 1);
  }

  /** Sets an organisation's own rate, in calls per second. */
  setRate(orgId: string, requestsPerSecond: number): void {
    this.#lane(orgId).spacingMs = 1_000 / requestsPerSecond;
  }

  /** Gives back what waits of an organisation, and takes no more of it. */
  stop(orgId: string): void {
    const lane = this.#lane(orgId);
    lane.stopped = true;
    this.#skip(lane);
    this.#change();
  }

  /** Takes items of an organisation again. */
  resume(orgId: string): void {
    this.#lane(orgId).stopped = false;
    this.#change();
  }

  /** Starts no call until it is released as often as it was held. */
  hold(): void {
    this.#holds++;
  }

  /** @see hold */
  release(): void {
    this.#holds--;
    this.#pump();
  }

  /** Gives back everything that waits and takes nothing more; calls that are under way go on. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) this.#skip(lane);
    for (const probes of [this.#probes, this.#spareProbes]) {
      for (const item of probes.splice(0)) this.#options.onSkipped(item);
    }
    clearTimeout(this.#wakeTimer);
    this.#change();
  }

  /** Resolves when some organisation may want more, was stopped or resumed, or a call has ended for good. */
  onChange(): Promise<void> {
    this.#changed ??= Promise.withResolvers<void>();
    return this.#changed.promise;
  }

  #change(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }

  #lane(orgId: string): Lane<Item> {
    let lane = this.#lanes.get(orgId);
    if (!lane) {
      lane = {
        orgId,
        lines: new Map(),
        turns: [],
        waiting: 0,
        pace: this.#options.paces?.get(orgId),
        lastTurn: this.#options.paces?.lastTurn(orgId) ?? 0,
        hasAnswered: false,
        stopped: false,
        inFlight: 0,
        inPlaces: 0,
        window: 1,
        slowness: 0,
        shrunkAt: 0,
        used: 0,
        typicalMs: 50,
        spacingMs: 1_000 / this.#options.requestsPerSecond,
        nextAt: 0,
        isListed: false,
      };
      this.#lanes.set(orgId, lane);
    }
    return lane;
  }

  #setPace(lane: Lane<Item>, pace: Pace): void {
    lane.pace = pace;
    this.#options.paces?.set(lane.orgId, pace);
  }

  /** How many items of an organisation may wait: whoever has not answered yet is taken for one that will. */
  #most(lane: Lane<Item> | undefined): number {
    if (lane?.pace === "slow") return DEFAULTS.leastQueued;
    return this.#waiting < DEFAULTS.fewQueued ? DEFAULTS.mostQueued : DEFAULTS.leastQueued;
  }

  /** Puts a lane where its next call is chosen from, if it may have one. */
  #list(lane: Lane<Item>): void {
    if (lane.isListed || lane.stopped || lane.waiting === 0) return;
    if (lane.pace === "quick") {
      if (lane.inFlight >= lane.window) return;
      lane.isListed = true;
      this.#ready.push({ lane, used: lane.used });
      if (!lane.hasAnswered) this.#unproven.push(lane);
    } else if (lane.pace === "slow") {
      this.#slow.add(lane);
    } else if (lane.inFlight === 0) {
      lane.isListed = true;
      this.#first.push(lane);
    }
  }

  #pump(): void {
    if (this.#closed || this.#holds > 0) return;
    const now = performance.now();
    this.#startInSlots(now);
    this.#startInPlaces(now);
  }

  #startInSlots(now: number): void {
    for (let next = this.#paced.peek(); next && next.at <= now; next = this.#paced.peek()) {
      this.#paced.pop();
      next.lane.isListed = false;
      this.#list(next.lane);
    }
    while (this.#slots < this.#options.concurrency && this.#calls < DEFAULTS.mostCalls) {
      const next = this.#ready.pop();
      if (!next) break;
      const { lane, used } = next;
      lane.isListed = false;
      if (lane.stopped || lane.pace !== "quick" || lane.inFlight >= lane.window || lane.waiting === 0) {
        this.#list(lane);
        continue;
      }
      if (lane.used > used) {
        this.#list(lane);
        continue;
      }
      const dueAt = lane.nextAt - DEFAULTS.burstMs;
      if (dueAt > now) {
        lane.isListed = true;
        this.#paced.push({ lane, at: dueAt });
        continue;
      }
      this.#virtualTime = Math.max(this.#virtualTime, lane.used);
      this.#start(lane, this.#take(lane), undefined, now);
      this.#list(lane);
    }
    const next = this.#paced.peek();
    if (next) this.#wake(next.at, now);
  }

  #startInPlaces(now: number): void {
    while (this.#placesTaken < DEFAULTS.places && this.#calls < DEFAULTS.mostCalls) {
      const slow = this.#nextSlow(now);
      const waitingFor = {
        first: this.#first.length + this.#unproven.length > 0,
        slow: slow !== undefined,
        probe: this.#probes.length > 0,
      };
      const chosen = CLASSES.filter((name) => waitingFor[name]).sort(
        (a, b) => this.#places[a] - this.#places[b],
      )[0];
      if (!chosen || chosen === "probe") {
        const item = this.#probes.shift() ?? this.#spareProbes.shift();
        if (!item) return;
        this.#start(this.#lane(item.orgId), item, "probe", now);
      } else {
        const lane = chosen === "slow" ? slow : this.#anyFirst(now);
        if (lane && !lane.stopped && lane.waiting > 0) this.#start(lane, this.#take(lane), chosen, now);
      }
    }
  }

  /** Any, so that where there is no time for all of them it is others in each sweep; undefined for one that is called. */
  #anyFirst(now: number): Lane<Item> | undefined {
    const chosen = Math.random() * (this.#first.length + this.#unproven.length);
    if (chosen < this.#first.length) {
      const lane = takeAny(this.#first);
      lane.isListed = false;
      return lane;
    }
    // They stand among the quick ones as well, and may have had a slot meanwhile.
    const lane = takeAny(this.#unproven);
    return lane.hasAnswered || lane.inFlight > 0 || lane.nextAt > now ? undefined : lane;
  }

  /** Of the slow lanes whose rate allows a call, the one with the fewest in waiting places, and then who waits longest. */
  #nextSlow(now: number): Lane<Item> | undefined {
    let best: Lane<Item> | undefined;
    for (const lane of this.#slow) {
      if (lane.stopped || lane.pace !== "slow" || lane.waiting === 0) {
        this.#slow.delete(lane);
        this.#list(lane);
      } else if (lane.nextAt - DEFAULTS.burstMs > now) {
        this.#wake(lane.nextAt - DEFAULTS.burstMs, now);
      } else if (lane.inFlight < lane.window && (!best || isBefore(lane, best))) {
        best = lane;
      }
    }
    return best;
  }

  #start(lane: Lane<Item>, item: Item, place: Class | undefined, now: number): void {
    const call = { lane, startedAt: now, charged: place ? 0 : lane.typicalMs, place, ended: false };
    lane.inFlight++;
    lane.nextAt = Math.max(lane.nextAt, now) + lane.spacingMs;
    lane.used += call.charged;
    if (place) {
      this.#places[place]++;
      lane.inPlaces++;
    } else {
      this.#slots++;
      this.#begun.push(call);
      this.#wake(now + DEFAULTS.quickMs, now);
    }
    this.#options.work(item).then((answered) => this.#end(call, answered));
  }

  #end(call: Call<Item>, answered: boolean): void {
    const { lane } = call;
    const tookMs = performance.now() - call.startedAt;
    call.ended = true;
    lane.inFlight--;
    if (call.place) {
      this.#places[call.place]--;
      lane.inPlaces--;
      // Who was cut off by the end of the time has not had its turn.
      if (!this.#closed) {
        lane.lastTurn = call.startedAt;
        this.#options.paces?.hadTurn(lane.orgId, call.startedAt);
      }
    } else {
      this.#slots--;
      lane.used += tookMs - call.charged;
      lane.typicalMs += (tookMs - lane.typicalMs) / 8;
    }
    if (answered) this.#grow(call, tookMs);
    else {
      this.#shrink(call, 1);
      if (!lane.pace) this.#setPace(lane, "slow");
    }
    this.#list(lane);
    this.#pump();
    if (lane.waiting <= (this.#most(lane) * Math.max(1, lane.lines.size)) / 2) this.#change();
  }

  /** Lets an organisation that has answered have more calls under way, unless it takes the longer the more it has. */
  #grow(call: Call<Item>, tookMs: number): void {
    const { lane } = call;
    const isQuick = tookMs <= DEFAULTS.quickMs;
    this.#setPace(lane, isQuick ? "quick" : "slow");
    if (!lane.hasAnswered) {
      lane.hasAnswered = true;
      lane.slowness = isQuick ? 0 : tookMs;
      lane.window = this.#leastWindow(lane);
    } else if (tookMs <= lane.slowness + DEFAULTS.quickMs) {
      const most = lane.slowness > 0 ? DEFAULTS.places : this.#options.concurrency;
      lane.window = Math.min(most, lane.window + 1);
    } else this.#shrink(call, this.#leastWindow(lane));
  }

  /** How many calls an organisation that answers may have under way at least, however long they take. */
  #leastWindow({ slowness }: Lane<Item>): number {
    return slowness > 0 ? this.#options.concurrency : DEFAULTS.firstWindow;
  }

  /** Halves what an organisation may have under way: so much is more than it answers in time. */
  #shrink({ lane, startedAt }: Call<Item>, least: number): void {
    if (startedAt < lane.shrunkAt) return;
    lane.shrunkAt = performance.now();
    lane.window = Math.min(lane.window, Math.max(least, lane.inFlight >> 1));
  }

  /** Moves calls that have been in a slot for too long to waiting places. */
  #moveOn(now: number): void {
    const { quickMs } = DEFAULTS;
    for (; this.#oldest < this.#begun.length; this.#oldest++) {
      const call = this.#begun[this.#oldest] as Call<Item>;
      if (!call.ended && call.startedAt + quickMs > now) break;
      if (call.ended) continue;
      call.place = "slow";
      this.#slots--;
      this.#places.slow++;
      call.lane.inPlaces++;
      call.lane.used += quickMs - call.charged;
      this.#setPace(call.lane, "slow");
      if (call.lane.slowness === 0) this.#shrink(call, DEFAULTS.firstWindow);
      this.#list(call.lane);
    }
    if (this.#oldest >= TRIM_AT || this.#oldest === this.#begun.length) {
      this.#begun = this.#begun.slice(this.#oldest);
      this.#oldest = 0;
    }
    const call = this.#begun[this.#oldest];
    if (call) this.#wake(Math.max(call.startedAt + quickMs, now + DEFAULTS.moveEveryMs), now);
  }

  #wake(at: number, now: number): void {
    if (at >= this.#wakeAt) return;
    clearTimeout(this.#wakeTimer);
    this.#wakeAt = at;
    this.#wakeTimer = setTimeout(
      () => {
        this.#wakeAt = Number.POSITIVE_INFINITY;
        this.#moveOn(performance.now());
        this.#pump();
      },
      Math.max(1, Math.ceil(at - now)),
    );
  }

  /** The next item of a lane: its sources have turns. */
  #take(lane: Lane<Item>): Item {
    const source = lane.turns.shift() as number;
    const line = lane.lines.get(source) as Line<Item>;
    const item = line.items[line.head++] as Item;
    lane.waiting--;
    this.#waiting--;
    if (line.head < line.items.length) lane.turns.push(source);
    if (line.head >= TRIM_AT || line.head === line.items.length) {
      line.items = line.items.slice(line.head);
      line.head = 0;
    }
    return item;
  }

  #skip(lane: Lane<Item>): void {
    const items = [...lane.lines.values()].flatMap((line) => line.items.slice(line.head));
    lane.lines.clear();
    lane.turns = [];
    lane.waiting = 0;
    this.#waiting -= items.length;
    for (const item of items) this.#options.onSkipped(item);
  }

  get #placesTaken(): number {
    return this.#places.first + this.#places.slow + this.#places.probe;
  }

  get #calls(): number {
    return this.#slots + this.#placesTaken;
  }
}

function isBefore(lane: Lane<unknown>, other: Lane<unknown>): boolean {
  return lane.inPlaces === other.inPlaces ? lane.lastTurn < other.lastTurn : lane.inPlaces < other.inPlaces;
}

/** Takes one out of a list, whose order does not matter. */
function takeAny<Entry>(list: Entry[]): Entry {
  const index = Math.floor(Math.random() * list.length);
  const entry = list[index] as Entry;
  const last = list.pop() as Entry;
  if (index < list.length) list[index] = last;
  return entry;
}

function lineOf<Item>(lane: Lane<Item>, source: number): Line<Item> {
  let line = lane.lines.get(source);
  if (!line) {
    line = { items: [], head: 0 };
    lane.lines.set(source, line);
  }
  return line;
}

function waitingFrom(lane: Lane<unknown> | undefined, source: number): number {
  const line = lane?.lines.get(source);
  return line ? line.items.length - line.head : 0;
}
