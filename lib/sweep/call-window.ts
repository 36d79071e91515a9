/**
 * Calls without an answer do not reduce the window of an organisation that has answered below this: a task that is never
 * answered must not hold up its others.
 */
const LEAST_IF_UNANSWERED = 2;
/**
 * So many answers in time excuse one call that is late or not answered, which then does not reduce the window: some tasks
 * may be never answered. Such a call is both, one after the other.
 */
const ANSWERS_TO_EXCUSE = 5;
/** The most answers that count for this: an organisation that is suddenly overloaded is soon spared. */
const MOST_TO_EXCUSE = 100;

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
 * answer in time. Answers that take longer than the first one reduce it, since there were too many calls.
 */
export class CallWindow {
  readonly #options: CallWindowOptions;
  #size = 1;
  #hasAnswered = false;
  /** How long the first call took if that was slow, else 0. No other call was in flight, so load was not the cause. */
  #slowness = 0;
  /** Answers in time that have not excused a call yet. */
  #inTime = 0;
  /** When the window was last reduced. Calls that began before do not reduce it again. */
  #shrunkAt = 0;

  constructor(options: CallWindowOptions) {
    this.#options = options;
  }

  /** How many calls may be in flight. */
  get size(): number {
    return this.#size;
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
      this.#inTime = Math.min(MOST_TO_EXCUSE, this.#inTime + 1);
      this.#size = Math.min(this.#slowness > 0 ? mostIfSlow : concurrency, this.#size + 1);
    } else this.#shrink(call, this.#least);
  }

  /** Notes that a call was not answered. */
  unanswered(call: WindowCall): void {
    if (!this.#excuse()) this.#shrink(call, this.#hasAnswered ? LEAST_IF_UNANSWERED : 1);
  }

  /** Notes that a call has been in flight for longer than is quick. */
  overran(call: WindowCall): void {
    if (this.#slowness === 0 && !this.#excuse()) this.#shrink(call, this.#options.first);
  }

  /** Late answers do not reduce the window below this. */
  get #least(): number {
    return this.#slowness > 0 ? this.#options.concurrency : this.#options.first;
  }

  /** Whether enough calls were answered in time for one that was not. */
  #excuse(): boolean {
    if (this.#inTime < ANSWERS_TO_EXCUSE) return false;
    this.#inTime -= ANSWERS_TO_EXCUSE;
    return true;
  }

  /** Reduces the window to half of the calls in flight, but not below `least`. */
  #shrink({ startedAt, inFlight, now }: WindowCall, least: number): void {
    if (startedAt < this.#shrunkAt) return;
    this.#shrunkAt = now;
    this.#size = Math.min(this.#size, Math.max(least, inFlight >> 1));
  }
}
