import { createHash, hash } from "node:crypto";

/**
 * The `encryption` a token request must carry: lower-case hex SHA-256 of accessKey, timestamp and secretKey
 * (EnOS API authentication, "Get Access Token").
 */
export function tokenDigest(accessKey: string, timestamp: string, secretKey: string): string {
  return hash("sha256", accessKey + timestamp + secretKey);
}

/**
 * The `apim-signature` a request must carry: lower-case hex SHA-256 of the token, the query parameters sorted by
 * name (ASCII) as name followed by decoded value, the body's bytes, the timestamp and the secret key
 * (EnOS API authentication, "Signing a request").
 *
 * @param query the part of the URL after `?`, still encoded
 */
export function requestDigest(
  token: string,
  query: string,
  body: Buffer,
  timestamp: string,
  secretKey: string,
): string {
  const head = token + sortedParameters(query);
  if (body.length === 0) return hash("sha256", head + timestamp + secretKey);
  return createHash("sha256")
    .update(head)
    .update(body)
    .update(timestamp + secretKey)
    .digest("hex");
}

function sortedParameters(query: string): string {
  if (query === "") return "";
  const pairs = [...new URLSearchParams(query)];
  // Array.sort is stable, so a repeated parameter keeps the order it was sent in.
  if (pairs.length > 1) pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  let text = "";
  for (const [name, value] of pairs) text += name + value;
  return text;
}
