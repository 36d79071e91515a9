import { createHmac, timingSafeEqual } from "node:crypto";
import { ID } from "../tasks/key.ts";

/** What a callback's URL is for. EnOS gets the URL before the task exists, so it cannot name the task. */
export interface CallbackScope {
  orgId: string;
  channelId: string;
}

/** A key that tokens are made with. */
export interface CallbackKey {
  secret: string;
  /** Until when its tokens are accepted, in Unix milliseconds; infinite for the current key. */
  until: number;
}

/** Prefix of what is signed, so that no other use of the key can produce the same MAC. */
const PURPOSE = "enos-download-status callback 1";

/**
 * The token for an organisation's channel: both ids, and a MAC over them (HMAC-SHA256, RFC 2104, in base64url) that
 * cannot be computed without the key, separated by dots. Ids contain no dots.
 */
export function callbackToken({ orgId, channelId }: CallbackScope, { secret }: CallbackKey): string {
  return `${orgId}.${channelId}.${macOf({ orgId, channelId }, secret).toString("base64url")}`;
}

/**
 * The scope of a token; undefined when none of the keys made it, or its key has expired.
 *
 * @param now Unix milliseconds
 */
export function scopeOf(token: string, keys: readonly CallbackKey[], now: number): CallbackScope | undefined {
  const [orgId = "", channelId = "", mac = "", ...rest] = token.split(".");
  if (rest.length > 0 || !ID.test(orgId) || !ID.test(channelId)) return undefined;
  const scope = { orgId, channelId };
  const given = Buffer.from(mac, "base64url");
  // Several base64url texts decode to the same bytes; only one of them was given out.
  if (given.toString("base64url") !== mac) return undefined;
  const isOurs = keys.some(({ secret, until }) => now < until && isEqual(given, macOf(scope, secret)));
  return isOurs ? scope : undefined;
}

function macOf({ orgId, channelId }: CallbackScope, secret: string): Buffer {
  // None of the parts contains a newline.
  return createHmac("sha256", secret).update([PURPOSE, orgId, channelId].join("\n")).digest();
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
