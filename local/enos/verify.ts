import type { IncomingHttpHeaders } from "node:http";
import type { Refusal } from "./answer.ts";
import { requestDigest } from "./digest.ts";
import type { Organisation, Organisations } from "./organisations.ts";

/** How far a timestamp may differ from the simulator's clock, in milliseconds. */
export const ALLOWED_SKEW_MS = 5 * 60_000;

/** Whether the gateway accepts a signed call, and for which organisation. */
export interface Verification {
  readonly organisation: Organisation | undefined;
  readonly refusal: Refusal | undefined;
}

/**
 * The gateway's checks on a signed call, in this order: the three headers (1202), the timestamp (1004), the token
 * (4011), the signature (1003).
 */
export function verifySigned(
  organisations: Organisations,
  headers: IncomingHttpHeaders,
  query: string,
  body: Buffer,
  now: number,
): Verification {
  const token = headers["apim-accesstoken"];
  const timestamp = headers["apim-timestamp"];
  const signature = headers["apim-signature"];
  if (typeof token !== "string" || token === "") return refused(1202, "apim-accesstoken is empty");
  if (typeof timestamp !== "string" || timestamp === "") return refused(1202, "apim-timestamp is empty");
  if (typeof signature !== "string" || signature === "") return refused(1202, "apim-signature is empty");
  if (!isRecent(timestamp, now)) return refused(1004, "apim-timestamp is not valid");
  const organisation = organisations.byToken(token, now);
  if (organisation === undefined) return refused(4011, "access token is invalid or expired");
  if (requestDigest(token, query, body, timestamp, organisation.secretKey) !== signature) {
    return { organisation, refusal: { code: 1003, msg: "signature is not valid", by: "gateway" } };
  }
  return { organisation, refusal: undefined };
}

/** Whether this is a Unix time in milliseconds, in digits, and close enough to the clock. */
export function isRecent(timestamp: string, now: number): boolean {
  return /^\d{1,16}$/.test(timestamp) && Math.abs(Number(timestamp) - now) <= ALLOWED_SKEW_MS;
}

function refused(code: number, msg: string): Verification {
  return { organisation: undefined, refusal: { code, msg, by: "gateway" } };
}
