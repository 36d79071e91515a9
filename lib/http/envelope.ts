import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import type { Failure } from "./errors.ts";
import type { RouteAnswer } from "./routes.ts";

/** More characters than any request id of API Gateway has: a longer one is not API Gateway's. */
export const REQUEST_ID_LENGTH = 256;

/** What every answer with a body looks like; `code` 0 is success. */
export interface Envelope {
  code: number;
  msg: string;
  requestId: string;
  data: unknown;
}

/**
 * On every answer: no caching, no content sniffing, no framing (OWASP REST Security Cheat Sheet, "Security
 * Headers").
 */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const JSON_HEADERS = { ...HEADERS, "content-type": "application/json; charset=utf-8" };

/** The response to a request that a route answered. */
export function success(
  { statusCode, data, headers }: RouteAnswer,
  requestId: string,
): APIGatewayProxyStructuredResultV2 {
  if (statusCode === 204) return { statusCode, headers: HEADERS };
  return response(statusCode, { code: 0, msg: "success", requestId, data }, headers);
}

/** The response to a request that failed. */
export function failure(
  { statusCode, code, msg, headers }: Failure,
  requestId: string,
): APIGatewayProxyStructuredResultV2 {
  return response(statusCode, { code, msg, requestId, data: null }, headers);
}

function response(
  statusCode: number,
  envelope: Envelope,
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(envelope) };
}
