/**
 * Calls without an answer do not reduce the window of an organisation that has answered below this: a task that is never
 * answered must not hold up its others.
 */
const LEAST_IF_UNANSWERED = 2;

/** Limits of a window. */
export interface CallWindowOptions {
  /** Answers within this time, in milliseconds, are quick. */
  quickMs: number;
  /** The window after the first answer, if that was quick; late answers do not reduce it below this. */
  first: number;
  /** The largest window if the first answer was quick; the least if it was slow. */
  concurrency: number;
  /** The largest window if the first answer was slow. */
  mostIfSlow: number;
}

/** A call to the organisation. Times are in milliseconds. */
export interface WindowCall {
  startedAt: number;
  /** How many calls to the organisation are in flight now. */
  inFlight: number;
  now: number;
}

/**
 * How many calls to one organisation may be in flight at a time: one until its first answer, then one more with each
 * answer in time. Answers that take longer than the first one reduce it, since there were too many calls; but a few calls
 * go on beside those about tasks that are never answered.
 */
export class CallWindow {
  readonly #options: CallWindowOptions;
  #size = 1;
  #hasAnswered = false;
  /** How long the first call took if that was slow, else 0. No other call was in flight, so load was not the cause. */
  #slowness = 0;
  /** When the last of the calls that were answered in time began. */
  #inTimeSince = 0;
  /** Whether calls are answered in time, but for some that began before others that are. */
  #isInTime = false;
  /** When the window was last reduced. Calls that began before do not reduce it again. */
  #shrunkAt = 0;

  constructor(options: CallWindowOptions) {
    this.#options = options;
  }

  /** How many calls may be in flight. */
  get size(): number {
    return this.#size;
  }

  /**
   * Whether one more call may be made. If an organisation is quick, calls that wait for longer than that do not count, up to
   * a number: they may be about tasks that are never answered. While no others are answered in time, one is tried.
   *
   * @param inFlight how many are in flight
   * @param waiting how many of them wait for longer than is quick
   */
  allows(inFlight: number, waiting: number): boolean {
    if (inFlight < this.#size) return true;
    const { first, concurrency } = this.#options;
    return this.isQuick && waiting < concurrency && inFlight - waiting < (this.#isInTime ? first : 1);
  }

  /** Whether the first call that was answered was answered quickly. */
  get isQuick(): boolean {
    return this.#hasAnswered && this.#slowness === 0;
  }

  /** Whether any call has been answered. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Notes that a call was answered. */
  answered(call: WindowCall): void {
    const { quickMs, concurrency, mostIfSlow } = this.#options;
    const tookMs = call.now - call.startedAt;
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      this.#slowness = tookMs <= quickMs ? 0 : tookMs;
      this.#size = this.#least;
    } else if (tookMs <= this.#slowness + quickMs) {
      this.#inTimeSince = Math.max(this.#inTimeSince, call.startedAt);
      this.#isInTime = true;
      this.#size = Math.min(this.#slowness > 0 ? mostIfSlow : concurrency, this.#size + 1);
    } else this.#shrink(call, this.#least);
  }

  /** Notes that a call was not answered. */
  unanswered(call: WindowCall): void {
    this.#doubt(call);
    this.#shrink(call, this.#hasAnswered ? LEAST_IF_UNANSWERED : 1);
  }

  /** Notes that a call has been in flight for longer than is quick. */
  overran(call: WindowCall): void {
    this.#doubt(call);
    if (this.#slowness === 0) this.#shrink(call, this.#options.first);
  }

  /**
   * That a call is late says nothing about others if one that began after it was answered in time: a task may be never
   * answered. What fails at once may have been refused because there were too many calls.
   */
  #doubt({ startedAt, now }: WindowCall): void {
    const failsAtOnce = now - startedAt <= this.#options.quickMs;
    if (failsAtOnce || startedAt > this.#inTimeSince) this.#isInTime = false;
  }

  /** Late answers do not reduce the window below this. */
  get #least(): number {
    return this.#slowness > 0 ? this.#options.concurrency : this.#options.first;
  }

  /** Reduces the window to half of the calls in flight, but not below `least`. */
  #shrink({ startedAt, inFlight, now }: WindowCall, least: number): void {
    if (startedAt < this.#shrunkAt) return;
    this.#shrunkAt = now;
    this.#size = Math.min(this.#size, Math.max(least, inFlight >> 1));
  }
}
