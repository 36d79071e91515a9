import { UnknownOrganisationError } from "../enos/credentials.ts";
import { EnosError } from "../enos/errors.ts";
import { SafeError } from "../safe-error.ts";

/** What a caller is told of a failure. */
export interface Failure {
  statusCode: number;
  code: number;
  msg: string;
  headers?: Record<string, string>;
}

/** A request that cannot be served, for a reason that lies with the caller. */
export class CallerError extends SafeError {
  override readonly name = "CallerError";
  readonly failure: Failure;

  constructor(statusCode: 400 | 403 | 404 | 413, msg: string) {
    super(msg);
    this.failure = { statusCode, code: 99_000 + statusCode, msg };
  }
}

/** The function's time is over before there is an answer. */
export class OutOfTimeError extends SafeError {
  override readonly name = "OutOfTimeError";

  constructor() {
    super("the function's time is over");
  }
}

/** Told to callers when EnOS limits traffic and does not say for how long, in seconds. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** The answer that an error becomes. What is not known to be harmless is told without any detail. */
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
      // Without a code it is the gateway that refuses what this service made of the caller's request.
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
