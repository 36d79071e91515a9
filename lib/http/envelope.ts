import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** What every answer with a body looks like; `code` 0 is success. */
export interface Envelope {
  code: number;
  msg: string;
  requestId: string;
  data: unknown;
}

/**
 * On every answer: nothing here may be kept by a cache, guessed at or shown in a frame (OWASP REST Security
 * Cheat Sheet, "Security Headers").
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

/** A successful answer. */
export function success(
  statusCode: 200 | 201,
  data: unknown,
  requestId: string,
): APIGatewayProxyStructuredResultV2 {
  return respond(statusCode, { code: 0, msg: "success", requestId, data });
}

/** An answer without a body. */
export function noContent(): APIGatewayProxyStructuredResultV2 {
  return { statusCode: 204, headers: HEADERS };
}

/** An answer in the envelope. */
export function respond(
  statusCode: number,
  envelope: Envelope,
  headers?: Record<string, string>,
): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode,
    headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS,
    body: JSON.stringify(envelope),
  };
}
