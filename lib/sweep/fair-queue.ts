/** Calls an organisation may have under way before it has answered once; each answer allows one more. */
const FIRST_WINDOW = 8;
/** So many calls in a row without an answer, and the gateway counts as dead. */
const DEAD_AFTER = 5;
/** How far a lane may run ahead of its rate, in milliseconds of it: timers are no finer. */
const BURST_MS = 100;

/** A queue forgets what has left it after so many tasks, or a lane that is never empty would keep them all. */
const TRIM_AT = 1024;

/** How a call ended, for the organisation whose gateway it went to. */
export type Verdict = "answered" | "no-answer" | "stop";

/** What of a task matters here. */
export interface LaneTask {
  orgId: string;
}

interface Lane<Task> {
  orgId: string;
  queue: Task[];
  head: number;
  inFlight: number;
  window: number;
  unanswered: number;
  /** When the next call is due at the lane's rate (GCRA's theoretical arrival time). */
  nextAt: number;
  stopped: boolean;
}

/** How lanes are set. */
export interface LaneOptions<Task> {
  /** Calls at a time, over all lanes. */
  concurrency: number;
  /** Calls per second in one lane. */
  requestsPerSecond: number;
  /** Makes the call. Must not reject. */
  work: (task: Task) => Promise<Verdict>;
  /** Takes what was queued and will not be worked on. */
  onSkipped: (task: Task) => void;
  /** Hears that an organisation is left alone from now on, since its gateway is dead. */
  onDead: (orgId: string) => void;
}

/**
 * A queue for each organisation, and turns between them, so that none can hold up another: a gateway that has
 * not answered yet gets a few calls only, one that limits traffic or is dead gets none, and none gets more
 * than its rate.
 */
export class Lanes<Task extends LaneTask> {
  readonly #options: LaneOptions<Task>;
  readonly #spacingMs: number;
  readonly #lanes = new Map<string, Lane<Task>>();
  /** Lanes with something queued; turns go round. */
  readonly #ready: Lane<Task>[] = [];
  #turn = 0;
  #queued = 0;
  #inFlight = 0;
  #answered = false;
  #deadLanes = 0;
  #deadInShard = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiters: { until: () => boolean; resolve: () => void }[] = [];

  constructor(options: LaneOptions<Task>) {
    this.#options = options;
    this.#spacingMs = 1000 / options.requestsPerSecond;
  }

  /** True when gateways were called, several of them or all, and not one has answered. */
  get isDark(): boolean {
    return this.#looksDark(this.#deadLanes);
  }

  /** The same, with nothing held against this shard that was learnt in those before it. */
  get isShardDark(): boolean {
    return this.#looksDark(this.#deadInShard);
  }

  /** Tells that another shard's tasks come now: they may be of organisations that answer. */
  beginShard(): void {
    this.#deadInShard = 0;
  }

  /** Whether an organisation is left alone. */
  isStopped(orgId: string): boolean {
    return this.#lanes.get(orgId)?.stopped ?? false;
  }

  /** How many tasks of an organisation wait for their turn. */
  queuedOf(orgId: string): number {
    const lane = this.#lanes.get(orgId);
    return lane ? lane.queue.length - lane.head : 0;
  }

  /** Tasks that wait for their turn, of all organisations. */
  get queued(): number {
    return this.#queued;
  }

  /** Queues a task for its turn. */
  add(task: Task): void {
    const lane = this.#lane(task.orgId);
    if (lane.stopped) {
      this.#options.onSkipped(task);
      return;
    }
    if (lane.head === lane.queue.length) this.#ready.push(lane);
    lane.queue.push(task);
    this.#queued++;
    this.#pump();
  }

  /** Resolves when no more than `most` tasks wait for their turn. */
  room(most: number): Promise<void> {
    return this.#when(() => this.#queued <= most);
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    return this.#when(() => this.#queued === 0 && this.#inFlight === 0);
  }

  /** Gives back everything that waits; what is under way goes on. */
  clear(): void {
    for (const lane of this.#lanes.values()) this.#skipQueue(lane);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake();
  }

  #looksDark(deadLanes: number): boolean {
    if (this.#answered || deadLanes === 0) return false;
    return deadLanes >= 3 || [...this.#lanes.values()].every((lane) => lane.stopped);
  }

  #lane(orgId: string): Lane<Task> {
    let lane = this.#lanes.get(orgId);
    if (!lane) {
      lane = {
        orgId,
        queue: [],
        head: 0,
        inFlight: 0,
        window: FIRST_WINDOW,
        unanswered: 0,
        nextAt: 0,
        stopped: false,
      };
      this.#lanes.set(orgId, lane);
    }
    return lane;
  }

  /** Starts what may start now, lane by lane in turn. */
  #pump(): void {
    let passedOver = 0;
    let wakeAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    while (this.#inFlight < this.#options.concurrency && passedOver < this.#ready.length) {
      if (this.#turn >= this.#ready.length) this.#turn = 0;
      const lane = this.#ready[this.#turn] as Lane<Task>;
      const paced = lane.nextAt - BURST_MS > now;
      if (paced) wakeAt = Math.min(wakeAt, lane.nextAt - BURST_MS);
      if (paced || lane.inFlight >= lane.window) {
        this.#turn++;
        passedOver++;
        continue;
      }
      passedOver = 0;
      this.#start(lane, now);
    }
    if (wakeAt < Number.POSITIVE_INFINITY && this.#inFlight < this.#options.concurrency) {
      this.#timer ??= setTimeout(
        () => {
          this.#timer = undefined;
          this.#pump();
        },
        Math.ceil(wakeAt - now),
      );
    }
  }

  #start(lane: Lane<Task>, now: number): void {
    const task = lane.queue[lane.head++] as Task;
    this.#queued--;
    if (lane.head === lane.queue.length) this.#unready(lane);
    else this.#turn++;
    if (lane.head >= TRIM_AT) {
      lane.queue = lane.queue.slice(lane.head);
      lane.head = 0;
    }
    lane.inFlight++;
    this.#inFlight++;
    lane.nextAt = Math.max(lane.nextAt, now) + this.#spacingMs;
    this.#options.work(task).then((verdict) => {
      lane.inFlight--;
      this.#inFlight--;
      this.#hear(lane, verdict);
      this.#pump();
      this.#wake();
    });
  }

  #hear(lane: Lane<Task>, verdict: Verdict): void {
    if (verdict === "no-answer") {
      lane.window = Math.max(1, lane.window >> 1);
      if (++lane.unanswered < DEAD_AFTER || lane.stopped) return;
      this.#deadLanes++;
      this.#deadInShard++;
      this.#options.onDead(lane.orgId);
    } else {
      this.#answered = true;
      lane.unanswered = 0;
      lane.window = Math.min(this.#options.concurrency, lane.window + 1);
      if (verdict === "answered") return;
    }
    lane.stopped = true;
    this.#skipQueue(lane);
  }

  #skipQueue(lane: Lane<Task>): void {
    const waiting = lane.queue.slice(lane.head);
    if (waiting.length === 0) return;
    this.#unready(lane);
    this.#queued -= waiting.length;
    for (const task of waiting) this.#options.onSkipped(task);
  }

  #unready(lane: Lane<Task>): void {
    lane.queue = [];
    lane.head = 0;
    const index = this.#ready.indexOf(lane);
    this.#ready.splice(index, 1);
    // The lane after it has moved into its place, so the turn stays where it is.
    if (index < this.#turn) this.#turn--;
  }

  #when(until: () => boolean): Promise<void> {
    if (until()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ until, resolve });
    });
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter(({ until, resolve }) => {
      if (!until()) return true;
      resolve();
      return false;
    });
  }
}
