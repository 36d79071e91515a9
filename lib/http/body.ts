import { CallerError } from "./errors.ts";
import type { ApiEvent } from "./request.ts";

/**
 * The JSON of a request's body, whatever its content type says; undefined for a request without one.
 *
 * @param most how many bytes it may have
 * @throws {CallerError} 400 for a body that is not JSON in UTF-8, 413 for one that is too long
 */
export function jsonBody({ body, isBase64Encoded }: ApiEvent, most: number): unknown {
  if (typeof body !== "string" || body === "") return undefined;
  // API Gateway encodes bodies in base64 unless it recognises them as text.
  const bytes = isBase64Encoded === true ? Buffer.from(body, "base64") : Buffer.from(body);
  if (bytes.length > most) throw new CallerError(413, `the body has more than ${most} bytes`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), refuseProto);
  } catch (error) {
    if (error instanceof CallerError) throw error;
    throw new CallerError(400, "the body is not JSON in UTF-8");
  }
}

/** Schemas never see a key `__proto__`, since copying an object drops it: it would be ignored silently. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new CallerError(400, "__proto__ is not known");
  return value;
}
