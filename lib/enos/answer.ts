import * as z from "zod/mini";
import { EnosError } from "./errors.ts";

/** One HTTP answer, read to its end. */
export interface Answer {
  httpStatus: number;
  /** The header `Retry-After`, as sent. */
  retryAfter: string | undefined;
  body: string;
}

/** Codes are integers by the documentation and numeric strings in some of its samples. */
const Code = z.union([
  z.int(),
  z.pipe(
    z.string().check(z.regex(/^-?\d{1,9}$/)),
    z.transform((text) => Number(text)),
  ),
]);

const Envelope = z.looseObject({
  code: z.optional(z.nullable(Code)),
  status: z.optional(z.nullable(Code)),
  apim_status: z.optional(z.nullable(Code)),
  data: z.optional(z.unknown()),
});

const TOKEN_EXPIRED = new Set([1203, 4011, 4012]);
const CREDENTIALS_REFUSED = new Set([1002, 1003]);
const REPEATED = 1001;

/** What EnOS says of its codes (its error tables); for people, never for decisions. */
const MEANINGS: Record<number, string> = {
  1001: "repeated request",
  1002: "the access key does not exist",
  1003: "the signature is not valid",
  1004: "a parameter is not valid",
  1005: "internal error of the token service",
  1202: "a parameter is empty",
  1204: "the token refresh failed",
  81400: "the channel or data source has the wrong owner",
  81404: "the channel or data source does not exist",
  81500: "internal service error",
  99400: "bad argument",
  99403: "permission denied on the resource",
  99404: "no such object",
  99500: "internal error",
};

/**
 * The `data` of a successful answer.
 *
 * EnOS reports a failure as `code`, `status` or `apim_status`, often under HTTP 200, so all three are read.
 *
 * @param now Unix time in milliseconds, for a `Retry-After` that is a date
 * @throws {EnosError} for every other answer
 */
export function dataOf(answer: Answer, now: number): unknown {
  const envelope = parseEnvelope(answer.body);
  const code = [envelope?.code, envelope?.status, envelope?.apim_status].find((value) => value);
  const failure = classify(answer, code ?? undefined, now);
  if (failure) throw failure;
  if (!envelope) {
    throw new EnosError(
      "malformed",
      `EnOS answered HTTP ${answer.httpStatus} with a body that is not the documented JSON`,
    );
  }
  return envelope.data;
}

function parseEnvelope(body: string): z.infer<typeof Envelope> | undefined {
  try {
    return Envelope.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

function classify(answer: Answer, code: number | undefined, now: number): EnosError | undefined {
  const { httpStatus } = answer;
  // A five-digit service code ends in the HTTP status that it stands for.
  const isServiceCode = code !== undefined && code >= 10_000 && code <= 99_999;
  const status = isServiceCode ? code % 1000 : httpStatus;

  if (httpStatus === 429 || status === 429 || code === 429) {
    const retryAfterSeconds = parseRetryAfter(answer.retryAfter, now);
    return new EnosError("throttled", "EnOS limits traffic", { code, retryAfterSeconds });
  }
  if (code !== undefined) {
    const said = `EnOS answered ${code}${MEANINGS[code] ? ` (${MEANINGS[code]})` : ""}`;
    if (TOKEN_EXPIRED.has(code)) return new EnosError("token-expired", said, { code });
    if (CREDENTIALS_REFUSED.has(code) || status === 401) return new EnosError("credentials", said, { code });
    if (isServiceCode && status >= 400 && status < 500) return new EnosError("rejected", said, { code });
    // Another instance asked for the organisation's token in the same millisecond: a later timestamp will do.
    const transient = code === REPEATED || isGatewayTrouble(httpStatus);
    return new EnosError("upstream", said, { code, transient });
  }
  if (httpStatus === 401) return new EnosError("token-expired", "EnOS answered HTTP 401");
  if (httpStatus === 403) {
    return new EnosError(
      "address-refused",
      "the EnOS gateway does not take calls from this address (HTTP 403)",
    );
  }
  if (httpStatus >= 500) {
    return new EnosError("upstream", `EnOS answered HTTP ${httpStatus}`, {
      transient: isGatewayTrouble(httpStatus),
    });
  }
  if (httpStatus !== 200)
    return new EnosError("malformed", `EnOS answered HTTP ${httpStatus} without a code`);
  return undefined;
}

function isGatewayTrouble(httpStatus: number): boolean {
  return httpStatus === 502 || httpStatus === 503 || httpStatus === 504;
}

/** `Retry-After` in whole seconds from now: a number of seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value);
  const date = value.endsWith(" GMT") ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
