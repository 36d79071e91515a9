/** The share of an invocation's time that is kept for ending it properly, and the least such time in milliseconds. */
const CLOSING_SHARE = 0.1;
const CLOSING_LEAST_MS = 1_000;
/** New work may begin during this share of the time, however much time is reserved for the end. */
const RESERVED_SHARE = 0.5;
/** Kept at the very end for releasing shards, in milliseconds. */
const LAST_MS = 300;
/** Kept after that for the handler's own answer, in milliseconds. */
const ANSWER_MS = 100;

/** The time of one invocation: when new work must not begin any more, and when everything must have ended. */
export class TimeBudget {
  readonly #controller = new AbortController();
  readonly #closing = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout;
  #closesAt: number;
  readonly #leastClosesAt: number;
  readonly #endsAt: number;

  /** @param remainingMs the invocation's remaining time, as Lambda reports it */
  constructor(remainingMs: number) {
    const started = performance.now();
    this.#endsAt = started + remainingMs;
    this.#closesAt = this.#endsAt - Math.max(CLOSING_LEAST_MS, remainingMs * CLOSING_SHARE);
    this.#leastClosesAt = started + remainingMs * RESERVED_SHARE;
    this.#timer = setTimeout(() => this.close(), Math.max(0, this.#closesAt - started));
    if (this.#closesAt <= started) this.close();
  }

  /** Fires when no new work may begin any more, and calls in flight have to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when that signal fires. */
  get closing(): Promise<void> {
    return this.#closing.promise;
  }

  /** Whether that signal has fired. */
  get isClosing(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The time until the invocation is killed, in milliseconds. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Whether there is only time left for releasing shards. */
  get isOver(): boolean {
    return this.remainingMs < LAST_MS;
  }

  /** Keeps this many more milliseconds for the end, because more will have to be written. */
  reserve(ms: number): void {
    if (this.isClosing || ms <= 0) return;
    this.#closesAt = Math.max(Math.min(this.#closesAt, this.#leastClosesAt), this.#closesAt - ms);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), Math.max(0, this.#closesAt - performance.now()));
  }

  /** A signal that fires when even releasing shards has to end. */
  lastSignal(): AbortSignal {
    return AbortSignal.timeout(Math.max(0, Math.floor(this.remainingMs - ANSWER_MS)));
  }

  /** Brings the end of new work forward to now. */
  close(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
    this.#closing.resolve();
  }

  /**
   * Waits for `work`, as long as there is time to release shards afterwards. Resolves with whether it has ended.
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

  /** Ends what is still in progress, so that no work outlives the invocation's handler. */
  [Symbol.dispose](): void {
    this.close();
  }
}
