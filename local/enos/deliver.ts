import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import type { AnswerFault } from "./faults.ts";

const JSON_TYPE = "application/json;charset=UTF-8";

/**
 * What the gateway itself answers before a request reaches a service. The statuses and texts are documented; the form of
 * the body is that of other gateways of this kind.
 */
const GATEWAY_SAYS = {
  400: "Cannot process request body",
  401: "Invalid authentication credentials",
  403: "Your IP address is not allowed",
  413: "Request size limit exceeded",
  429: "API rate limit exceeded",
  500: "An unexpected error occurred",
  503: "Service unavailable",
};

/** Sends the answer as it is. */
export function deliver(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.httpStatus, {
    "content-type": JSON_TYPE,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

/** Sends the answer with the fault applied, except for faults that change the answer's content. */
export function deliverFaulty(
  response: ServerResponse,
  answer: Answer,
  fault: AnswerFault,
  now: number,
): void {
  switch (fault.kind) {
    case "hang":
      return;
    case "gateway-refusal": {
      const { httpStatus } = fault;
      deliver(response, { httpStatus, body: JSON.stringify({ message: GATEWAY_SAYS[httpStatus] }), code: 0 });
      return;
    }
    case "rate-limit":
      rateLimit(response, fault.retryAfterSeconds, fault.retryAfterForm, now);
      return;
    case "server-error": {
      const body =
        fault.body === "empty" ? "" : JSON.stringify({ code: 99500, msg: "internal error", data: null });
      deliver(response, { httpStatus: fault.httpStatus, body, code: 99500 });
      return;
    }
    case "reset":
      reset(response, answer, fault.at);
      return;
    case "garbage":
      deliver(response, { httpStatus: 200, body: '{"code":0,"data":{"taskId":', code: 0 });
      return;
    case "wrong-content-type":
      response.writeHead(200, { "content-type": "text/html" });
      response.end(fault.body === "answer" ? answer.body : "<html><body>Sign in to continue</body></html>");
      return;
    case "empty-body":
      deliver(response, { httpStatus: 200, body: "", code: 0 });
      return;
    case "slow-body":
      drip(response, answer, fault.everyMs);
      return;
    case "huge-body":
      inflate(response, answer, fault.bytes ?? 2 * 1024 * 1024, fault.contentLength ?? false);
      return;
    default:
      deliver(response, answer);
  }
}

function rateLimit(
  response: ServerResponse,
  seconds: number | undefined,
  form: "seconds" | "http-date" | undefined,
  now: number,
): void {
  if (seconds !== undefined) {
    const date = new Date(now + seconds * 1_000).toUTCString();
    response.setHeader("retry-after", form === "http-date" ? date : String(seconds));
  }
  const body = JSON.stringify({ code: 99429, msg: "too many requests", data: null });
  deliver(response, { httpStatus: 429, body, code: 99429 });
}

function reset(response: ServerResponse, answer: Answer, at: "before-answer" | "in-body"): void {
  const { socket } = response;
  if (socket === null) return;
  if (at === "before-answer") {
    socket.resetAndDestroy();
    return;
  }
  response.writeHead(answer.httpStatus, {
    "content-type": JSON_TYPE,
    "content-length": Buffer.byteLength(answer.body),
  });
  // A reset discards what the peer has not read yet, so give the first half time to arrive.
  response.write(answer.body.slice(0, answer.body.length >> 1), () => {
    setTimeout(() => socket.resetAndDestroy(), 20).unref();
  });
}

function drip(response: ServerResponse, answer: Answer, everyMs: number): void {
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.httpStatus, { "content-type": JSON_TYPE, "content-length": bytes.length });
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, sent + 1));
    sent += 1;
    if (sent < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, everyMs).unref();
  response.once("close", () => clearInterval(timer));
}

/** A valid but huge answer: its JSON is padded with white space to `bytes`. */
function inflate(response: ServerResponse, answer: Answer, bytes: number, contentLength: boolean): void {
  const padding = Math.max(0, bytes - Buffer.byteLength(answer.body));
  const length = Buffer.byteLength(answer.body) + padding;
  response.writeHead(answer.httpStatus, {
    "content-type": JSON_TYPE,
    ...(contentLength ? { "content-length": length } : undefined),
  });
  response.write(answer.body);
  response.end(Buffer.alloc(padding, " "));
}
