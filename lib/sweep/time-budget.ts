/** Part of an invocation's time that is kept for ending it well, and the least of it in milliseconds. */
const CLOSING_SHARE = 0.1;
const CLOSING_LEAST_MS = 1_000;
/** The end of new work is brought forward by so much of the time at most. */
const RESERVED_SHARE = 0.5;
/** Kept at the very end for giving a shard back. */
const LAST_MS = 300;
/** Kept after that for the handler's own answer. */
const ANSWER_MS = 100;

/** The time of one invocation: when new work ends, and when everything must have. */
export class TimeBudget {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  #closesAt: number;
  readonly #leastClosesAt: number;
  readonly #endsAt: number;

  /** @param remainingMs what the invocation still has, as Lambda tells it */
  constructor(remainingMs: number) {
    const started = performance.now();
    this.#endsAt = started + remainingMs;
    this.#closesAt = this.#endsAt - Math.max(CLOSING_LEAST_MS, remainingMs * CLOSING_SHARE);
    this.#leastClosesAt = started + remainingMs * RESERVED_SHARE;
    this.#timer = setTimeout(() => this.close(), Math.max(0, this.#closesAt - started));
    if (this.#closesAt <= started) this.close();
  }

  /** Fires when no new work may begin and calls under way have to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True from that moment on. */
  get isClosing(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Until the invocation is killed, in milliseconds. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** True once there is time for giving shards back, and for nothing else. */
  get isOver(): boolean {
    return this.remainingMs < LAST_MS;
  }

  /** Keeps so many milliseconds more for the end: there will be more to write. */
  reserve(ms: number): void {
    if (this.isClosing || ms <= 0) return;
    this.#closesAt = Math.max(Math.min(this.#closesAt, this.#leastClosesAt), this.#closesAt - ms);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), Math.max(0, this.#closesAt - performance.now()));
  }

  /** Fires when even giving a shard back has to end. */
  lastSignal(): AbortSignal {
    return AbortSignal.timeout(Math.max(0, Math.floor(this.remainingMs - ANSWER_MS)));
  }

  /** Brings the end of new work forward to now. */
  close(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  /**
   * Waits for `work`, but not beyond the last moment. True when it has ended.
   *
   * @param mostMs how long at most, in milliseconds
   */
  async outlasts(work: Promise<unknown>, mostMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, Math.min(mostMs, this.remainingMs - LAST_MS)), false);
    });
    const ended = await Promise.race([work.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }

  /** Ends what is still under way: nothing of a sweep outlives it. */
  [Symbol.dispose](): void {
    this.close();
  }
}
