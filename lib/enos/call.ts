import type { Dispatcher } from "undici";
import { type Answer, dataOf } from "./answer.ts";
import { EnosError } from "./errors.ts";
import { type Abort, exchange } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
import { retryDelay } from "./retry.ts";
import type { SignedOptions } from "./transport.ts";

/** The time that one caller gives the client, spent over all attempts and on everything that they wait for. */
export class Call {
  readonly #endsAt: number;
  readonly #singleAttempt: boolean;
  #ended: EnosError | undefined;
  #abort: Abort | undefined;

  private constructor(budgetMs: number, singleAttempt: boolean) {
    this.#endsAt = performance.now() + budgetMs;
    this.#singleAttempt = singleAttempt;
  }

  /**
   * Runs `work` within the budget.
   *
   * @param signal ends the call early, whatever it is waiting for
   * @throws {EnosError} `timeout` when the budget is spent or the signal fires; else what `work` throws
   */
  static within<T>(
    budgetMs: number,
    { singleAttempt, signal }: { singleAttempt: boolean; signal?: AbortSignal | undefined },
    work: (call: Call) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = new Call(budgetMs, singleAttempt);
      const end = (message: string) => {
        call.#ended = new EnosError("timeout", message);
        call.#abort?.(call.#ended);
        reject(call.#ended);
      };
      if (signal?.aborted) return end("the call was ended");
      const timer = setTimeout(end, budgetMs, `EnOS did not answer within ${budgetMs / 1000} s`);
      const forget = signal && onAbort(signal, () => end("the call was ended"));
      const release = () => {
        clearTimeout(timer);
        forget?.();
      };
      work(call).then(
        (value) => {
          release();
          resolve(value);
        },
        (error) => {
          release();
          reject(error);
        },
      );
    });
  }

  /**
   * Sends a request, again where that may help, and gives the `data` of the answer.
   *
   * @param request makes the request afresh for each attempt
   * @throws {EnosError} the last attempt's
   */
  async send(
    dispatcher: Pick<Dispatcher, "dispatch">,
    request: () => SignedOptions,
    now: () => number,
  ): Promise<unknown> {
    for (let retries = 0; ; retries++) {
      if (this.#ended) throw this.#ended;
      try {
        const answer: Answer = await exchange(dispatcher, request(), (abort) => {
          this.#abort = abort;
        });
        return dataOf(answer, now());
      } catch (error) {
        if (!(error instanceof EnosError)) throw error;
        if (this.#singleAttempt) throw error;
        const delay = retryDelay(error, retries, this.#endsAt - performance.now(), Math.random());
        if (delay === undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }
}
