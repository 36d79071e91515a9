import type { IncomingHttpHeaders } from "node:http";
import { LIMITS } from "./transport.ts";

/** Codings of a body that may come though none was asked for (RFC 9110, 8.4.1; RFC 7932; RFC 8878). */
const DECODERS: Record<string, "gunzipSync" | "inflateSync" | "brotliDecompressSync" | "zstdDecompressSync"> =
  {
    gzip: "gunzipSync",
    "x-gzip": "gunzipSync",
    deflate: "inflateSync",
    br: "brotliDecompressSync",
    zstd: "zstdDecompressSync",
  };

/** More than anybody has a reason for: each costs time, and may make much of little. */
const MOST_CODINGS = 3;

/**
 * The text of an answer's body, without a byte-order mark; undefined when it is encoded in a way that is unknown here,
 * or is not what it is said to be.
 *
 * JSON is UTF-8 (RFC 8259, 8.1), but a byte-order mark or a `charset` that says otherwise is believed.
 */
export function textOf(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  let bytes: Buffer;
  try {
    bytes = decompress(headers["content-encoding"], body);
  } catch {
    return undefined;
  }
  const charset = charsetOf(headers["content-type"], bytes);
  // What nearly all answers are, without a decoder of its own for each.
  if (charset === "utf-8" && bytes[0] !== 0xef) return bytes.toString("utf8");
  return decoderFor(charset).decode(bytes);
}

function decompress(coding: string | string[] | undefined, body: Buffer): Buffer {
  if (coding === undefined) return body;
  const names = String(coding).toLowerCase().split(",");
  if (names.length > MOST_CODINGS) throw new TypeError("too many content codings");
  let bytes = body;
  // Named in the order in which they were applied.
  for (const name of names.reverse().map((each) => each.trim())) {
    if (name === "identity" || name === "") continue;
    const decoder = DECODERS[name];
    if (!decoder) throw new TypeError("unknown content coding");
    bytes = zlib()[decoder](bytes, { maxOutputLength: LIMITS.maxResponseSize });
  }
  return bytes;
}

/** Loaded when it is first needed: hardly ever, and never at a cold start. */
const zlib = () => process.getBuiltinModule("node:zlib");

function charsetOf(contentType: string | string[] | undefined, bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return /;\s*charset\s*=\s*"?([^\s";,]+)/i.exec(String(contentType))?.[1]?.toLowerCase() ?? "utf-8";
}

function decoderFor(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    // None that anybody knows: then it is what JSON is.
    return new TextDecoder();
  }
}
