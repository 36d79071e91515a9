/**
 * Why EnOS gave no status:
 * - `token-expired`: the access token is no longer good (1203, 4011, 4012, a bare 401); the client repeats such a call once
 * - `credentials`: EnOS refuses the organisation's keys (1002, 1003, 401)
 * - `address-refused`: the gateway does not take calls from our address (a 403 without a code): only an operator can help
 * - `rejected`: EnOS refuses this very request with a five-digit 4xx code
 * - `throttled`: a traffic limit (429)
 * - `upstream`: EnOS answered that it is broken
 * - `malformed`: the answer is not the documented shape, or speaks of another task
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
}

/**
 * A call to EnOS that gave no status. The message is ours alone: an answer's own text, or the transport's
 * error as a cause, could carry a token or a key.
 */
export class EnosError extends Error {
  override readonly name = "EnosError";
  readonly kind: EnosErrorKind;
  readonly code: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly transient: boolean;

  constructor(kind: EnosErrorKind, message: string, detail: EnosErrorDetail = {}) {
    super(message);
    this.kind = kind;
    this.code = detail.code;
    this.retryAfterSeconds = detail.retryAfterSeconds;
    this.transient = detail.transient ?? false;
  }
}
