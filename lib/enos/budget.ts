import { EnosError } from "./errors.ts";
import { onAbort } from "./on-abort.ts";

/** How a call to EnOS may spend time and attempts. */
export interface CallOptions {
  /** Ends the call early, whatever it waits for. */
  signal?: AbortSignal | undefined;
  /**
   * One attempt, as a sweep wants it: nothing is retried and no `Retry-After` waited out, but each step (the secret
   * and the token, where they are needed, and the call itself) has ten seconds of its own. Otherwise all attempts and
   * all that they wait for have ten seconds together.
   */
  singleAttempt?: boolean | undefined;
}

/** The time of a call, or of each step of a single attempt, in milliseconds. */
const BUDGET_MS = 10_000;

/** The time and the attempts of one call, handed down to whatever it waits for, one thing after the other. */
export class CallBudget implements Disposable {
  /** Whether nothing may be tried twice. */
  readonly singleAttempt: boolean;
  readonly #ms: number;
  readonly #timer: NodeJS.Timeout;
  readonly #forgetSignal: (() => void) | undefined;
  #endsAt: number;
  #ended: EnosError | undefined;
  #interrupt: ((reason: EnosError) => void) | undefined;

  /** @param ms the time, where it is another than a call's */
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

  /** Begins the next step of the call: that of a single attempt has the whole time again. */
  nextStep(): void {
    if (!this.singleAttempt || this.#ended) return;
    this.#endsAt = performance.now() + this.#ms;
    this.#timer.refresh();
  }

  /**
   * Has the end of the time interrupt what the call waits for from now on, instead of what it waited for before.
   *
   * @throws {EnosError} `timeout` when the time is over already
   */
  onEnd(interrupt: (reason: EnosError) => void): void {
    if (this.#ended) throw this.#ended;
    this.#interrupt = interrupt;
  }

  /**
   * Waits for work that knows nothing of this budget.
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
