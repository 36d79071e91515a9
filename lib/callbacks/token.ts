import { createHmac, timingSafeEqual } from "node:crypto";
import { ID } from "../tasks/key.ts";

/** What a callback's URL is for: EnOS is given it before there is a task, so that it cannot name one. */
export interface CallbackScope {
  orgId: string;
  channelId: string;
}

/** A key that tokens are made with. */
export interface TokenKey {
  secret: string;
  /** Until when its tokens count, in Unix milliseconds; infinity for the one that tokens are made with now. */
  until: number;
}

/** Said first, so that no other use of the key could ever give the same MAC. */
const PURPOSE = "enos-download-status callback 1";

/**
 * The token for an organisation's channel: both names, and a MAC over them (HMAC-SHA256, RFC 2104, in base64url)
 * that nobody can make without the key. No name has a dot.
 */
export function callbackToken({ orgId, channelId }: CallbackScope, { secret }: TokenKey): string {
  return `${orgId}.${channelId}.${macOf({ orgId, channelId }, secret).toString("base64url")}`;
}

/**
 * What a token is for; undefined when none of the keys made it, or its time is over.
 *
 * @param now Unix milliseconds
 */
export function scopeOf(token: string, keys: readonly TokenKey[], now: number): CallbackScope | undefined {
  const [orgId = "", channelId = "", mac = "", ...rest] = token.split(".");
  if (rest.length > 0 || !ID.test(orgId) || !ID.test(channelId)) return undefined;
  const scope = { orgId, channelId };
  const given = Buffer.from(mac, "base64url");
  // Base64url has several texts for the same bytes; only one of them was given out.
  if (given.toString("base64url") !== mac) return undefined;
  const isOurs = keys.some(({ secret, until }) => now < until && isEqual(given, macOf(scope, secret)));
  return isOurs ? scope : undefined;
}

function macOf({ orgId, channelId }: CallbackScope, secret: string): Buffer {
  // A newline is in none of the parts.
  return createHmac("sha256", secret).update([PURPOSE, orgId, channelId].join("\n")).digest();
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
