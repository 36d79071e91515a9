import type { IncomingHttpHeaders } from "node:http";
import * as z from "zod/mini";
import { textOf } from "./body.ts";
import { EnosError } from "./errors.ts";
import { retryAfterSeconds } from "./retry-after.ts";

/** One HTTP answer, read to its end. */
export interface Answer {
  httpStatus: number;
  /** By lower-case name; one that was repeated is a list. */
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Codes are integers in the documentation, but numeric strings in some of its samples. */
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
/** EnOS has already seen a request with this timestamp. */
export const REPEATED_REQUEST = 1001;

/** The meanings of codes in EnOS's error tables, for messages only. */
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
 * @param now Unix time in milliseconds, for a `Retry-After` that is a date in an answer without one
 * @throws {EnosError} for every other answer; `EnosErrorKind` says which is which
 */
export function dataOf(answer: Answer, now: number): unknown {
  const text = textOf(answer.headers, answer.body);
  const envelope = parseEnvelope(text);
  const code = [envelope?.code, envelope?.status, envelope?.apim_status].find((value) => value) ?? undefined;
  const failure = classify(answer, code, text, now);
  if (failure) throw failure;
  if (!envelope) {
    throw new EnosError(
      "malformed",
      `EnOS answered HTTP ${answer.httpStatus} with a body that is not the documented JSON`,
    );
  }
  return envelope.data;
}

function parseEnvelope(text: string | undefined): z.infer<typeof Envelope> | undefined {
  try {
    return Envelope.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}

function classify(
  { httpStatus, headers }: Answer,
  code: number | undefined,
  text: string | undefined,
  now: number,
): EnosError | undefined {
  // A five-digit service code ends in the HTTP status that it stands for.
  const isServiceCode = code !== undefined && code >= 10_000 && code <= 99_999;
  // Gateways may repeat the HTTP status in the body: that is not a code of EnOS's.
  const isStatus = code !== undefined && code >= 400 && code <= 599;
  const status = isServiceCode ? code % 1000 : isStatus ? code : httpStatus;

  if (httpStatus === 429 || status === 429) {
    return new EnosError("throttled", "EnOS limits traffic", {
      code: isStatus ? undefined : code,
      retryAfterSeconds: retryAfterSeconds(headers, now),
    });
  }
  if (code === undefined || isStatus) return classifyBare(status);

  const said = `EnOS answered ${code}${MEANINGS[code] ? ` (${MEANINGS[code]})` : ""}`;
  if (CREDENTIALS_REFUSED.has(code)) return new EnosError("credentials", said, { code });
  // Another instance asked for the organisation's token in the same millisecond: a later timestamp will do.
  if (code === REPEATED_REQUEST) return new EnosError("upstream", said, { code, transient: true });
  // In some edition, an unlisted code may mean that the token is no longer valid.
  if (TOKEN_EXPIRED.has(code) || status === 401) return new EnosError("token-expired", said, { code });
  if (isServiceCode && status >= 400 && status < 500) return new EnosError("rejected", said, { code });
  if (status === 403 && /IP address is not allowed/i.test(text ?? "")) return addressRefused(code);
  return new EnosError("upstream", said, { code, transient: isGatewayTrouble(httpStatus) });
}

/** What a status means without a code: it comes from the gateway, or from something in front of it. */
function classifyBare(status: number): EnosError | undefined {
  const said = `EnOS answered HTTP ${status} without a code`;
  switch (status) {
    case 200:
      return undefined;
    case 400:
    case 413:
    case 414:
    case 431:
      return new EnosError("rejected", said);
    case 401:
      return new EnosError("token-expired", said);
    case 403:
      return addressRefused();
    case 408:
      return new EnosError("upstream", said, { transient: true });
    default:
      if (status < 500 || status > 599) return new EnosError("malformed", said);
      return new EnosError("upstream", said, { transient: isGatewayTrouble(status) });
  }
}

function addressRefused(code?: number): EnosError {
  return new EnosError("address-refused", "the EnOS gateway does not accept calls from this address", {
    code,
  });
}

function isGatewayTrouble(httpStatus: number): boolean {
  return httpStatus === 502 || httpStatus === 503 || httpStatus === 504;
}
