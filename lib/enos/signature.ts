import { hash } from "node:crypto";

/**
 * The query parameters as EnOS signs them: sorted by name in ASCII order, each name followed by its decoded
 * value, nothing between them (EnOS API authentication, "signature").
 */
export function paramsData(query: Record<string, string>): string {
  return Object.keys(query)
    .sort()
    .map((name) => name + query[name])
    .join("");
}

/**
 * The `apim-signature` of one call, 64 lower-case hex digits.
 *
 * @param timestamp Unix time in milliseconds, the same that goes into `apim-timestamp`
 * @param body the exact bytes of a JSON body, where there is one
 */
export function sign(
  accessToken: string,
  query: Record<string, string>,
  timestamp: number,
  secretKey: string,
  body = "",
): string {
  return hash("sha256", accessToken + paramsData(query) + body + timestamp + secretKey, "hex");
}

/** The `encryption` of a token request, 64 lower-case hex digits. */
export function tokenEncryption(accessKey: string, timestamp: number, secretKey: string): string {
  return hash("sha256", accessKey + timestamp + secretKey, "hex");
}
