import { SafeError } from "../safe-error.ts";

/**
 * Why a call to EnOS failed. A _bare_ HTTP status is one without an EnOS code, whatever its body is: gateways refuse with
 * JSON, HTML or nothing, and may repeat the status in the body.
 * - `token-expired`: the access token is no longer valid: 1203, 4011, 4012, a bare 401, and a 401 with a code that is
 *   not listed. The client drops it and repeats the call once
 * - `credentials`: EnOS refuses the organisation's keys: 1002, 1003, or a token that has just been renewed
 * - `address-refused`: the gateway does not accept calls from our address: a bare 403, or one with a code and a message
 *   that says so. Only an operator can help
 * - `rejected`: EnOS refuses this particular request with a five-digit 4xx code, or its gateway does with a bare 400,
 *   413, 414 or 431, which is our fault
 * - `throttled`: a traffic limit: 429, bare or as the last digits of a code
 * - `upstream`: EnOS reports a failure of its own: any other code, a bare 5xx, a bare 408
 * - `malformed`: the answer does not have the documented shape, is about another task, is too large, is not HTTP, or has
 *   any other bare status: something other than EnOS's API is at this address
 * - `timeout`: no answer in time
 * - `unreachable`: no connection, or one that broke
 */
export type EnosErrorKind =
  | "token-expired"
  | "credentials"
  | "address-refused"
  | "rejected"
  | "throttled"
  | "upstream"
  | "malformed"
  | "timeout"
  | "unreachable";

/** What else is known about a failed call. */
export interface EnosErrorDetail {
  /** EnOS's own code, if there is one. */
  code?: number | undefined;
  /** How long EnOS asks to wait, in seconds. */
  retryAfterSeconds?: number | undefined;
  /** True when a retry may succeed: a broken connection, a gateway's 408, 502, 503 or 504, a repeated timestamp. */
  transient?: boolean;
  /** False when no connection was established. */
  isConnected?: boolean;
  /** True when the connection broke before any part of an answer arrived. */
  brokeUnanswered?: boolean;
}

/**
 * A call to EnOS failed. The message is only ours: an answer's text, or the transport's error as a cause, could contain a
 * token or a key.
 */
export class EnosError extends SafeError {
  override readonly name = "EnosError";
  readonly kind: EnosErrorKind;
  readonly code: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly transient: boolean;
  readonly isConnected: boolean;
  readonly brokeUnanswered: boolean;

  constructor(kind: EnosErrorKind, message: string, detail: EnosErrorDetail = {}) {
    super(message);
    this.kind = kind;
    this.code = detail.code;
    this.retryAfterSeconds = detail.retryAfterSeconds;
    this.transient = detail.transient ?? false;
    this.isConnected = detail.isConnected ?? true;
    this.brokeUnanswered = detail.brokeUnanswered ?? false;
  }
}
