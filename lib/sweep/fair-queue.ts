import TinyQueue from "tinyqueue";
import { CallWindow } from "./call-window.ts";
import { allowedAt, type Lane, mayCall, newLane, nextChoice, type Queued } from "./lane.ts";
import type { Pace, Paces } from "./paces.ts";
import { hasRoomForSuspectInFront, hasRoomInFront, isHalfFree, isShort, roomFor } from "./queue-room.ts";
import { SuspectQueue } from "./suspect-queue.ts";
import { isSuspect, type UnansweredCalls } from "./suspects.ts";
import { type PlaceKind, type ProbeKind, WaitingPlaces } from "./waiting-places.ts";

/** The queue's limits. Times are in milliseconds. */
const LIMITS = {
  /** A call that takes longer moves from its slot to a waiting place, and its organisation counts as slow. */
  quickMs: 1_000,
  /** The least time between two moves of calls to waiting places. */
  moveEveryMs: 50,
  /**
   * Calls in slots and waiting places together: each has a socket, and Lambda allows 1,024 file descriptors. So all
   * that are not slots are waiting places: at least 256, since there are at most 512 slots.
   */
  mostCalls: 768,
  /**
   * How many calls to an organisation may be in flight after its first answer, if that was quick. Each further quick
   * answer adds one. Slow answers do not reduce the number below this.
   */
  firstWindow: 8,
  /** The most calls that may be in flight to an organisation whose first answer was slow. */
  slowWindow: 256,
} as const;

/** After this many calls, the list of those that began in slots drops the ones that have ended or moved. */
const TRIM_AT = 1_024;

/** Options of the fair queue. */
export interface FairQueueOptions<Item> {
  /** Call slots. */
  concurrency: number;
  /** Calls per second to one organisation that has no rate of its own. */
  requestsPerSecond: number;
  /** Makes the call; resolves with whether it was answered. Must not reject. */
  work: (item: Item) => Promise<boolean>;
  /** Called with each item that was queued and will not be worked on. */
  onSkipped: (item: Item) => void;
  /** The calls about an item's task that went unanswered last. */
  unansweredCallsOf: (item: Item) => UnansweredCalls | undefined;
  /** Whether an item is not called for yet although it is due, because its task is a suspect. */
  isResting: (item: Item, unanswered: UnansweredCalls) => boolean;
  /** The organisations' paces from earlier sweeps, updated by this one. */
  paces: Paces;
}

interface Call<Item extends Queued> {
  lane: Lane<Item>;
  source: number;
  startedAt: number;
  charged: number;
  /** The kind of its waiting place; undefined in a slot. */
  place: PlaceKind | undefined;
  /** Whether its item was taken as one of those furthest behind. */
  isFurthestBehind: boolean;
  hasEnded: boolean;
}

/**
 * Makes calls to many organisations so that none can hold up another.
 *
 * Slots are for organisations that answer: the one that has used the least slot time goes first. A call that is not
 * answered within a second moves to a waiting place, which frees its slot. All other calls start in waiting places, each
 * kind in an equal share of them. So the slots stay free for the organisations that answer, however many gateways hang.
 */
export class FairQueue<Item extends Queued> {
  readonly #options: FairQueueOptions<Item>;
  readonly #lanes = new Map<string, Lane<Item>>();
  /** Quick lanes that may start a call, by the slot time that they had used when they were listed. */
  readonly #ready = new TinyQueue<{ lane: Lane<Item>; used: number }>([], (a, b) => a.used - b.used);
  /** Quick lanes whose rate does not allow a call yet, by when it will. */
  readonly #paced = new TinyQueue<{ lane: Lane<Item>; at: number }>([], (a, b) => a.at - b.at);
  readonly #places: WaitingPlaces<Item>;
  readonly #suspects: SuspectQueue<Item>;
  /** Calls that began in slots, oldest first; some may have ended. */
  #begun: Call<Item>[] = [];
  #oldest = 0;
  #slots = 0;
  /** Slot time of the lane that last started a call. A lane that was idle continues from it, and does not catch up. */
  #virtualTime = 0;
  /** Queued items of all organisations. */
  #queued = 0;
  #holds = 0;
  #closed = false;
  #wakeTimer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #changed: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(options: FairQueueOptions<Item>) {
    this.#options = options;
    const wake = (at: number, now: number) => this.#wake(at, now);
    this.#places = new WaitingPlaces({ limit: LIMITS.mostCalls - options.concurrency, wake });
    this.#suspects = new SuspectQueue({ wake });
  }

  /** Queues an item. @param goesFirst whether it goes before the other items of its organisation */
  add(item: Item, { goesFirst = false } = {}): void {
    const lane = this.#lane(item.orgId);
    const unanswered = this.#options.unansweredCallsOf(item);
    const suspect = isSuspect(unanswered) ? unanswered : undefined;
    const rests = suspect && !goesFirst && this.#options.isResting(item, suspect);
    if (this.#closed || lane.isStopped || rests) {
      this.#options.onSkipped(item);
      return;
    }
    this.#queued++;
    if (suspect) {
      this.#suspects.add(lane, item, goesFirst ? 0 : suspect.calls);
    } else {
      this.#keepUp(lane);
      lane.items.add(item, { goesFirst, askedAt: unanswered?.at });
      this.#list(lane);
    }
    this.#pump();
  }

  /**
   * Expects an item of an organisation from a source, checked up to this time. Until it is queued, or expected no more,
   * items that have been checked further wait: an organisation may get a single call in a sweep.
   */
  expect(orgId: string, source: number, through: number): void {
    this.#lane(orgId).items.expect(source, through);
  }

  /** Expects no items of some organisations from a source any more. */
  expectNoMore(orgIds: readonly string[], source: number): void {
    for (const orgId of orgIds) {
      const lane = this.#lane(orgId);
      this.#keepUp(lane);
      lane.items.expectNoMore(source);
      this.#list(lane);
    }
    this.#pump();
  }

  /**
   * Queues a probe or a second opinion, even if its organisation is stopped.
   *
   * @param since when it began to wait, perhaps in an earlier sweep: of each kind, the first goes first
   */
  probe(item: Item, { kind = "probe", since = 0 }: { kind?: ProbeKind; since?: number } = {}): void {
    if (this.#closed) {
      this.#options.onSkipped(item);
      return;
    }
    this.#places.addProbe(item, kind, since);
    this.#pump();
  }

  /** How many more items of an organisation can be queued from one source. */
  roomFor(orgId: string, source: number): number {
    const lane = this.#lanes.get(orgId);
    if (this.#closed || lane?.isStopped) return 0;
    return roomFor(lane, source, this.#queued);
  }

  /** Whether one more item may be queued to go first, however many of its organisation's others are queued. */
  hasRoomInFront(item: Item): boolean {
    const lane = this.#lanes.get(item.orgId);
    if (this.#closed || lane?.isStopped) return false;
    return isSuspect(this.#options.unansweredCallsOf(item))
      ? hasRoomForSuspectInFront(this.#suspects.lengthInFront)
      : hasRoomInFront(lane);
  }

  /**
   * Whether an organisation is to be served when tasks are read: it has answered and half of its queue is free, or it
   * has nothing queued or in flight.
   */
  wantsMore(orgId: string, source: number): boolean {
    const lane = this.#lanes.get(orgId);
    if (this.#closed || lane?.isStopped) return false;
    if (!lane || (!lane.window.hasAnswered && lane.inFlight === 0 && lane.items.length === 0)) return true;
    return lane.window.hasAnswered && isHalfFree(lane, source, this.#queued);
  }

  /**
   * Whether tasks are to be read now for an organisation that wants more. While many tasks are queued in all, it must
   * have hardly any left, so that one pass over a shard serves many organisations.
   */
  isShort(orgId: string): boolean {
    const lane = this.#lanes.get(orgId);
    return !lane || isShort(lane, this.#queued);
  }

  /** Whether an organisation gets no more calls in this sweep, unless it is resumed. */
  isStopped(orgId: string): boolean {
    return this.#closed || (this.#lanes.get(orgId)?.isStopped ?? false);
  }

  /** Whether an organisation has nothing queued, and nothing in flight but the call that is just ending. */
  isLast(orgId: string): boolean {
    const lane = this.#lanes.get(orgId);
    if (!lane) return true;
    return (
      lane.items.length + this.#suspects.lengthOf(lane) === 0 && lane.inFlight + lane.suspectsInFlight <= 1
    );
  }

  /** Sets an organisation's own rate, in calls per second. */
  setRate(orgId: string, requestsPerSecond: number): void {
    this.#lane(orgId).spacingMs = 1_000 / requestsPerSecond;
  }

  /** Skips the queued items of an organisation, and accepts no more of them. */
  stop(orgId: string): void {
    const lane = this.#lane(orgId);
    lane.isStopped = true;
    this.#skip(lane);
    this.#change();
  }

  /** Accepts items of an organisation again. */
  resume(orgId: string): void {
    this.#lane(orgId).isStopped = false;
    this.#change();
  }

  /** Starts no calls until {@link release} has been called as often as this. */
  hold(): void {
    this.#holds++;
  }

  /** @see hold */
  release(): void {
    this.#holds--;
    this.#pump();
  }

  /** Skips everything that is queued, and accepts nothing more. Calls in flight continue. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) this.#skip(lane);
    for (const item of this.#places.clearProbes()) this.#options.onSkipped(item);
    clearTimeout(this.#wakeTimer);
    this.#change();
  }

  /** Resolves when an organisation may want more items, was stopped or resumed, or the queue was closed. */
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
      const { concurrency, requestsPerSecond, paces } = this.#options;
      const { quickMs, firstWindow, slowWindow } = LIMITS;
      lane = newLane({
        orgId,
        window: new CallWindow({ quickMs, first: firstWindow, concurrency, mostIfSlow: slowWindow }),
        pace: paces.get(orgId),
        lastTurn: paces.lastTurn(orgId),
        spacingMs: 1_000 / requestsPerSecond,
      });
      this.#lanes.set(orgId, lane);
    }
    return lane;
  }

  /** A lane that has nothing to call for saves up no slot time. */
  #keepUp(lane: Lane<Item>): void {
    if (!lane.items.hasNext) lane.used = Math.max(lane.used, this.#virtualTime);
  }

  #setPace(lane: Lane<Item>, pace: Pace): void {
    lane.pace = pace;
    this.#options.paces.set(lane.orgId, pace);
  }

  /** Adds a lane to the list from which its next call is chosen, if it may make one. */
  #list(lane: Lane<Item>): void {
    if (lane.isListed || !mayCall(lane)) return;
    if (lane.pace === "quick") {
      if (!lane.window.allows(lane.inFlight, lane.inPlaces)) return;
      lane.isListed = true;
      this.#ready.push({ lane, used: lane.used });
      if (!lane.window.hasAnswered) this.#places.addUnproven(lane);
    } else if (lane.pace === "slow") {
      this.#places.addNext(lane);
    } else if (lane.inFlight === 0) {
      lane.isListed = true;
      this.#places.addFirst(lane);
    }
  }

  #pump(): void {
    if (this.#closed || this.#holds > 0) return;
    const now = performance.now();
    this.#startSuspects(now);
    this.#startInSlots(now);
    this.#startInPlaces(now);
  }

  #startSuspects(now: number): void {
    while (this.#places.hasRoomForSuspect && this.#calls < LIMITS.mostCalls) {
      const next = this.#suspects.take(now);
      if (!next) return;
      this.#queued--;
      this.#start(next.lane, next.item, "suspect", now);
    }
  }

  #startInSlots(now: number): void {
    for (let next = this.#paced.peek(); next && next.at <= now; next = this.#paced.peek()) {
      this.#paced.pop();
      next.lane.isListed = false;
      this.#list(next.lane);
    }
    while (this.#slots < this.#options.concurrency && this.#calls < LIMITS.mostCalls) {
      const next = this.#ready.pop();
      if (!next) break;
      const { lane, used } = next;
      lane.isListed = false;
      const isAllowed = lane.window.allows(lane.inFlight, lane.inPlaces);
      const isReady = mayCall(lane) && lane.pace === "quick" && isAllowed;
      if (!isReady || lane.used > used) {
        this.#list(lane);
        continue;
      }
      const dueAt = allowedAt(lane);
      if (dueAt > now) {
        lane.isListed = true;
        this.#paced.push({ lane, at: dueAt });
        continue;
      }
      this.#virtualTime = Math.max(this.#virtualTime, lane.used);
      this.#startNext(lane, undefined, now);
      this.#list(lane);
    }
    const next = this.#paced.peek();
    if (next) this.#wake(next.at, now);
  }

  #startInPlaces(now: number): void {
    while (this.#calls < LIMITS.mostCalls) {
      const next = this.#places.next(now);
      if (!next) return;
      if ("item" in next) this.#start(this.#lane(next.item.orgId), next.item, next.kind, now);
      else this.#startNext(next.lane, next.kind, now);
    }
  }

  #startNext(lane: Lane<Item>, place: PlaceKind | undefined, now: number): void {
    const choice = nextChoice(lane);
    lane.wasFurthestBehind = choice !== "others";
    const item = lane.items.take(choice);
    if (!item) return;
    this.#queued--;
    this.#start(lane, item, place, now, lane.wasFurthestBehind);
  }

  #start(
    lane: Lane<Item>,
    item: Item,
    place: PlaceKind | undefined,
    now: number,
    isFurthestBehind = false,
  ): void {
    const call = {
      lane,
      source: item.source ?? 0,
      startedAt: now,
      charged: place ? 0 : lane.typicalMs,
      place,
      isFurthestBehind,
      hasEnded: false,
    };
    lane.wasSuspect = place === "suspect";
    if (lane.wasSuspect) lane.suspectsInFlight++;
    else lane.inFlight++;
    if (isFurthestBehind) lane.furthestBehindInFlight++;
    lane.nextAt = Math.max(lane.nextAt, now) + lane.spacingMs;
    lane.used += call.charged;
    if (place) {
      this.#places.take(place);
      if (!lane.wasSuspect) lane.inPlaces++;
    } else {
      this.#slots++;
      this.#begun.push(call);
      this.#wake(now + LIMITS.quickMs, now);
    }
    this.#options.work(item).then((answered) => this.#end(call, answered));
  }

  #end(call: Call<Item>, answered: boolean): void {
    const { lane, startedAt } = call;
    const now = performance.now();
    const tookMs = now - startedAt;
    call.hasEnded = true;
    const isAboutSuspect = call.place === "suspect";
    if (isAboutSuspect) lane.suspectsInFlight--;
    else lane.inFlight--;
    if (call.isFurthestBehind) lane.furthestBehindInFlight--;
    if (isAboutSuspect) {
      this.#places.free("suspect");
    } else if (call.place) {
      this.#places.free(call.place);
      lane.inPlaces--;
      // A call that was cut off at the end of the time was not a turn.
      if (!this.#closed) {
        lane.lastTurn = startedAt;
        this.#options.paces.hadTurn(lane.orgId, startedAt);
      }
    } else {
      this.#slots--;
      lane.used += tookMs - call.charged;
      lane.typicalMs += (tookMs - lane.typicalMs) / 8;
    }
    const { inFlight } = lane;
    if (answered) {
      this.#setPace(lane, tookMs <= LIMITS.quickMs ? "quick" : "slow");
      lane.window.answered({ startedAt, inFlight, now });
    } else if (!isAboutSuspect) {
      lane.unanswered++;
      if (!lane.pace) this.#setPace(lane, "slow");
      lane.window.unanswered({ startedAt, inFlight, now });
    }
    this.#list(lane);
    this.#pump();
    if (isHalfFree(lane, call.source, this.#queued) && isShort(lane, this.#queued)) this.#change();
  }

  /** Moves calls that have been in a slot for too long to waiting places. */
  #moveOn(now: number): void {
    const { quickMs } = LIMITS;
    for (; this.#oldest < this.#begun.length; this.#oldest++) {
      const call = this.#begun[this.#oldest] as Call<Item>;
      if (!call.hasEnded && call.startedAt + quickMs > now) break;
      if (call.hasEnded) continue;
      call.place = "slow";
      this.#slots--;
      this.#places.take("slow");
      call.lane.inPlaces++;
      call.lane.used += quickMs - call.charged;
      // In this sweep, an organisation that was quick is still called in slots: this task may be never answered.
      if (call.lane.window.isQuick) this.#options.paces.set(call.lane.orgId, "slow");
      else this.#setPace(call.lane, "slow");
      call.lane.window.overran({ startedAt: call.startedAt, inFlight: call.lane.inFlight, now });
      this.#list(call.lane);
    }
    if (this.#oldest >= TRIM_AT || this.#oldest === this.#begun.length) {
      this.#begun = this.#begun.slice(this.#oldest);
      this.#oldest = 0;
    }
    const call = this.#begun[this.#oldest];
    if (call) this.#wake(Math.max(call.startedAt + quickMs, now + LIMITS.moveEveryMs), now);
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

  #skip(lane: Lane<Item>): void {
    const items = [...lane.items.clear(), ...this.#suspects.clear(lane)];
    this.#queued -= items.length;
    for (const item of items) this.#options.onSkipped(item);
  }

  get #calls(): number {
    return this.#slots + this.#places.taken;
  }
}
