import { SafeError } from "../safe-error.ts";

/**
 * Why EnOS gave no status. A _bare_ HTTP status is one without a code of EnOS's, whatever its body is: gateways refuse
 * with JSON, HTML or nothing, and may write the status into the body once more.
 * - `token-expired`: the access token is no longer good: 1203, 4011, 4012, a bare 401, and a 401 with a code that is
 *   not listed. The client drops it and repeats the call once
 * - `credentials`: EnOS refuses the organisation's keys: 1002, 1003, or a token that has just been renewed
 * - `address-refused`: the gateway does not take calls from our address: a bare 403, and one with a code that says so
 *   in words. Only an operator can help
 * - `rejected`: EnOS refuses this very request with a five-digit 4xx code, or its gateway does with a bare 400, 413,
 *   414 or 431, which is a fault of ours
 * - `throttled`: a traffic limit: 429, bare or as the end of a code
 * - `upstream`: EnOS answered that it is broken: any other code, a bare 5xx, a bare 408
 * - `malformed`: the answer is not the documented shape, speaks of another task, is too large or no HTTP, or has any
 *   other bare status: there is something else than EnOS's API at this address
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

/** What is known of a failed call beside its kind. */
export interface EnosErrorDetail {
  /** EnOS's own code, where it gave one. */
  code?: number | undefined;
  /** How long EnOS asks to stay away, in seconds. */
  retryAfterSeconds?: number | undefined;
  /** True when another try may well succeed: a connection that broke, a gateway's 502, 503 or 504, a repeated timestamp. */
  transient?: boolean;
  /** False when there was not even a connection. */
  isConnected?: boolean;
  /** True when the connection broke before anything of an answer came. */
  brokeUnanswered?: boolean;
}

/**
 * A call to EnOS that gave no status. The message is ours alone: an answer's own text, or the transport's
 * error as a cause, could carry a token or a key.
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
