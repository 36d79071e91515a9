import { UnknownOrganisationError } from "../enos/credentials.ts";
import { EnosError } from "../enos/errors.ts";
import { SafeError } from "../safe-error.ts";

/** The answer to a request that failed. */
export interface Failure {
  statusCode: number;
  code: number;
  msg: string;
  headers?: Record<string, string>;
}

/** A request that cannot be served because of a mistake of the caller's. */
export class CallerError extends SafeError {
  override readonly name = "CallerError";
  readonly failure: Failure;

  constructor(statusCode: 400 | 403 | 404 | 413, msg: string) {
    super(msg);
    this.failure = { statusCode, code: 99_000 + statusCode, msg };
  }
}

/** The function ran out of time before it had an answer. */
export class OutOfTimeError extends SafeError {
  override readonly name = "OutOfTimeError";

  constructor() {
    super("the function's time is over");
  }
}

/** The `Retry-After` when EnOS limits traffic without one of its own, in seconds. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** The answer for an error. Errors that are not known to be harmless are answered without any detail. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CallerError) return error.failure;
  if (error instanceof UnknownOrganisationError) {
    return { statusCode: 403, code: 99403, msg: `organisation ${error.orgId} is not served here` };
  }
  if (error instanceof EnosError) return enosFailure(error);
  if (error instanceof OutOfTimeError) {
    return { statusCode: 503, code: 99503, msg: "the request could not be answered in time: try again" };
  }
  return { statusCode: 500, code: 99500, msg: "internal error" };
}

function enosFailure({ kind, code, message, retryAfterSeconds }: EnosError): Failure {
  switch (kind) {
    case "rejected":
      // Without a code it is the gateway that refuses the request which this service made.
      if (code === undefined) return { statusCode: 502, code: 99502, msg: message };
      return { statusCode: code % 1000, code, msg: message };
    case "throttled": {
      const seconds = retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS;
      return { statusCode: 429, code: 99429, msg: message, headers: { "retry-after": String(seconds) } };
    }
    case "timeout":
      return { statusCode: 504, code: 99504, msg: message };
    case "credentials":
      return {
        statusCode: 502,
        code: code ?? 99502,
        msg: "EnOS refuses the credentials of the organisation",
      };
    default:
      return { statusCode: 502, code: code ?? 99502, msg: message };
  }
}
