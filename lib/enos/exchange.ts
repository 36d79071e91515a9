import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Answer } from "./answer.ts";
import type { CallBudget } from "./budget.ts";
import { EnosError } from "./errors.ts";
import type { EnosRequest, Transport } from "./transport.ts";

/**
 * One HTTP exchange, read to its end. It uses undici's dispatch, since `request()` wraps every body in a Readable, which
 * costs more than everything else in a status call.
 *
 * @throws {EnosError} `timeout`, `unreachable` or `malformed`
 */
export function exchange(
  transport: Pick<Transport, "dispatch">,
  request: EnosRequest,
  budget: CallBudget,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let interrupted: EnosError | undefined;
    let httpStatus = 0;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];

    budget.onEnd((reason) => {
      interrupted = reason;
      controller?.abort(reason);
      reject(reason);
    });

    transport.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (interrupted) started.abort(interrupted);
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
        resolve({ httpStatus, headers, body });
      },
      onResponseError(_controller, error) {
        const isConnected = controller !== undefined;
        reject(interrupted ?? transportError(error, { isConnected, hasAnswered: httpStatus > 0 }));
      },
    });
  });
}

/** Timeouts of a connection, of one of its addresses, and of a name server. */
const CONNECT_TIMEOUTS = new Set(["UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT", "ETIMEOUT"]);

/** Errors that a new connection may not have, unlike a bad certificate or an unknown name. */
const TRANSIENT = new Set([
  "UND_ERR_SOCKET",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);

/** Those of them that a connection ends with if the other end had already closed it. */
const BROKEN = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/**
 * The transport's error without its text and fields: a parser error contains the bytes that it failed on.
 */
function transportError(
  error: Error & { code?: string },
  { isConnected, hasAnswered }: { isConnected: boolean; hasAnswered: boolean },
): EnosError {
  const code = error.code ?? error.name;
  if (CONNECT_TIMEOUTS.has(code)) {
    return new EnosError("timeout", `EnOS did not answer in time (${code})`, {
      transient: true,
      isConnected,
    });
  }
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE" || code === "UND_ERR_HEADERS_OVERFLOW") {
    return new EnosError("malformed", `EnOS's answer is too large (${code})`);
  }
  // Before an answer this means two different lengths, and it is unknown which is right (RFC 9112, 6.3).
  const hasTwoLengths = code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" && !hasAnswered;
  if (code === "HTTPParserError" || code.startsWith("HPE_") || hasTwoLengths) {
    return new EnosError("malformed", `EnOS's answer is not HTTP (${code})`);
  }
  return new EnosError("unreachable", `no connection to EnOS (${code})`, {
    transient: TRANSIENT.has(code),
    isConnected,
    brokeUnanswered: isConnected && !hasAnswered && BROKEN.has(code),
  });
}
