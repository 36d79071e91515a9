import type { IncomingHttpHeaders } from "node:http";
import { LIMITS } from "./transport.ts";

/** Content codings that an answer may have although none was accepted (RFC 9110, 8.4.1; RFC 7932; RFC 8878). */
const DECODERS: Record<string, "gunzipSync" | "inflateSync" | "brotliDecompressSync" | "zstdDecompressSync"> =
  {
    gzip: "gunzipSync",
    "x-gzip": "gunzipSync",
    deflate: "inflateSync",
    br: "brotliDecompressSync",
    zstd: "zstdDecompressSync",
  };

/** More than anybody needs: each costs time, and may inflate a small body. */
const MOST_CODINGS = 3;

/**
 * The text of an answer's body, without a byte-order mark; undefined if its content coding is unknown, or the body does
 * not conform to it.
 *
 * JSON is UTF-8 (RFC 8259, 8.1), unless a byte-order mark or a `charset` says otherwise.
 */
export function textOf(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  let bytes: Buffer;
  try {
    bytes = decompress(headers["content-encoding"], body);
  } catch {
    return undefined;
  }
  const charset = charsetOf(headers["content-type"], bytes);
  // The usual case, without creating a decoder.
  if (charset === "utf-8" && bytes[0] !== 0xef) return bytes.toString("utf8");
  return decoderFor(charset).decode(bytes);
}

function decompress(coding: string | string[] | undefined, body: Buffer): Buffer {
  if (coding === undefined) return body;
  const names = String(coding).toLowerCase().split(",");
  if (names.length > MOST_CODINGS) throw new TypeError("too many content codings");
  let bytes = body;
  // Codings are listed in the order in which they were applied.
  for (const name of names.reverse().map((each) => each.trim())) {
    if (name === "identity" || name === "") continue;
    const decoder = DECODERS[name];
    if (!decoder) throw new TypeError("unknown content coding");
    bytes = zlib()[decoder](bytes, { maxOutputLength: LIMITS.maxResponseSize });
  }
  return bytes;
}

/** Loaded on first use: hardly ever, and never during a cold start. */
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
    // For an unknown charset assume UTF-8, which JSON has to be.
    return new TextDecoder();
  }
}
