import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Answer } from "./answer.ts";
import { EnosError } from "./errors.ts";

/** Ends the exchange that it is given to; calling it after the end does nothing. */
export type Abort = (reason: EnosError) => void;

/**
 * One HTTP exchange, read to its end. Written on undici's dispatch, since `request()` wraps every body in a
 * Readable, which costs more than all else that a status call does.
 *
 * @param onStart receives the exchange's abort, before anything is sent
 * @throws {EnosError} `timeout`, `unreachable` or `malformed`, or the reason given to the abort
 */
export function exchange(
  dispatcher: Pick<Dispatcher, "dispatch">,
  options: Dispatcher.DispatchOptions,
  onStart: (abort: Abort) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let aborted: EnosError | undefined;
    let httpStatus = 0;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];

    onStart((reason) => {
      aborted ??= reason;
      controller?.abort(reason);
      reject(reason);
    });

    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        if (aborted) started.abort(aborted);
      },
      onResponseStart(_controller, status, received) {
        httpStatus = status;
        headers = received;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
        const retryAfter = headers["retry-after"];
        resolve({ httpStatus, retryAfter, body: body.toString("utf8") });
      },
      onResponseError(_controller, error) {
        reject(aborted ?? transportError(error));
      },
    });
  });
}

const TIMEOUTS = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

/** The transport's error without its text and fields: a parser error carries the bytes that it choked on. */
function transportError(error: Error & { code?: string }): EnosError {
  const code = error.code ?? error.name;
  if (TIMEOUTS.has(code)) {
    const connecting = code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT";
    return new EnosError("timeout", `EnOS did not answer in time (${code})`, { transient: connecting });
  }
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE")
    return new EnosError("malformed", `EnOS's answer is too large (${code})`);
  if (code.startsWith("HPE_")) return new EnosError("malformed", `EnOS did not answer in HTTP (${code})`);
  return new EnosError("unreachable", `no connection to EnOS (${code})`, { transient: true });
}
