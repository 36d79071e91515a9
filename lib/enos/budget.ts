import { onAbort } from "../time/on-abort.ts";
import { EnosError } from "./errors.ts";

/** The time and the attempts that a call to EnOS may take. */
export interface CallOptions {
  /** Ends the call early, whatever it waits for. */
  signal?: AbortSignal | undefined;
  /**
   * Makes one attempt only, for sweeps: nothing is retried and no `Retry-After` is waited for, but each step (getting the
   * secret, getting the token, and the call itself) may take ten seconds. Otherwise all attempts and pauses together may
   * take ten seconds.
   */
  singleAttempt?: boolean | undefined;
}

/** The time of a call, or of each step of a single attempt, in milliseconds. */
const BUDGET_MS = 10_000;

/** The time and the attempts of one call. It is passed down to whatever the call waits for, one thing at a time. */
export class CallBudget implements Disposable {
  /** Whether nothing may be retried. */
  readonly singleAttempt: boolean;
  readonly #ms: number;
  readonly #timer: NodeJS.Timeout;
  readonly #forgetSignal: (() => void) | undefined;
  #endsAt: number;
  #ended: EnosError | undefined;
  #interrupt: ((reason: EnosError) => void) | undefined;

  /** @param ms the time, if it differs from that of a call */
  constructor({ signal, singleAttempt = false }: CallOptions = {}, ms = BUDGET_MS) {
    this.singleAttempt = singleAttempt;
    this.#ms = ms;
    this.#endsAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#end(`EnOS did not answer within ${ms / 1000} s`), ms);
    if (signal?.aborted) this.#end("the call was ended");
    else if (signal) this.#forgetSignal = onAbort(signal, () => this.#end("the call was ended"));
  }

  /** What is left, in milliseconds. */
  get remainingMs(): number {
    return this.#endsAt - performance.now();
  }

  /** Begins the next step of the call; in a single attempt it may take the whole time again. */
  nextStep(): void {
    if (!this.singleAttempt || this.#ended) return;
    this.#endsAt = performance.now() + this.#ms;
    this.#timer.refresh();
  }

  /**
   * Sets what is called when the time is over, instead of what was set before.
   *
   * @throws {EnosError} `timeout` when the time is over already
   */
  onEnd(interrupt: (reason: EnosError) => void): void {
    if (this.#ended) throw this.#ended;
    this.#interrupt = interrupt;
  }

  /**
   * Waits for work that does not take a budget.
   *
   * @throws {EnosError} `timeout` when the time is over first; else what the work throws
   */
  waitFor<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      this.onEnd(reject);
    });
  }

  /**
   * Waits for some milliseconds.
   *
   * @throws {EnosError} `timeout` when the time is over first
   */
  pause(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      this.onEnd((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#forgetSignal?.();
  }

  #end(message: string): void {
    this.#ended ??= new EnosError("timeout", message);
    this.#interrupt?.(this.#ended);
  }
}
