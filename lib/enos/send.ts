import { dataOf, REPEATED_REQUEST } from "./answer.ts";
import type { CallBudget } from "./budget.ts";
import { EnosError } from "./errors.ts";
import { exchange } from "./exchange.ts";
import { retryDelay } from "./retry.ts";
import type { EnosRequest, Transport } from "./transport.ts";

/** The dependencies of {@link send}. */
export interface Sender {
  transport: Pick<Transport, "dispatch">;
  /** Unix time in milliseconds. */
  now: () => number;
}

/**
 * Sends a request, retries it if that may help and the budget allows, and returns the `data` of the answer. Retries use a
 * new connection: after a freeze, all kept connections may be dead.
 *
 * @param request creates the request anew for each attempt
 * @throws {EnosError} the last attempt's
 */
export async function send(
  { transport, now }: Sender,
  request: () => EnosRequest,
  budget: CallBudget,
): Promise<unknown> {
  let retries = 0;
  let newConnection = false;
  for (;;) {
    try {
      const sent = newConnection ? { ...request(), newConnection } : request();
      return dataOf(await exchange(transport, sent, budget), now());
    } catch (error) {
      if (!(error instanceof EnosError)) throw error;
      const wasNoAttempt = isNoAttempt(error) && !newConnection;
      newConnection = true;
      if (wasNoAttempt) continue;
      const delay = budget.singleAttempt
        ? undefined
        : retryDelay(error, retries++, budget.remainingMs, Math.random());
      if (delay === undefined) throw error;
      await budget.pause(delay);
    }
  }
}

/**
 * Whether a failure does not count as an attempt: a server may close a kept connection just as it is used (RFC 9112,
 * 9.3.1), and another process may have used the same timestamp.
 */
function isNoAttempt({ brokeUnanswered, code }: EnosError): boolean {
  return brokeUnanswered || code === REPEATED_REQUEST;
}
