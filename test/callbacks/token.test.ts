import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CallbackKey, callbackToken, scopeOf } from "../../lib/callbacks/token.ts";

const NOW = Date.UTC(2026, 10, 24);
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const scope = fc.record({ orgId: id, channelId: id });
const key = (secret: string, until = Number.POSITIVE_INFINITY): CallbackKey => ({ secret, until });

describe("a callback's token", () => {
  it("is for the organisation and the channel that it was made for", () => {
    fc.assert(
      fc.property(scope, fc.string({ minLength: 32 }), (target, secret) => {
        const token = callbackToken(target, key(secret));
        expect(scopeOf(token, [key(secret)], NOW)).toEqual(target);
        // A path segment as it stands: nothing in it means anything to a URL.
        expect(token).toMatch(/^[A-Za-z0-9._-]+$/);
      }),
    );
  });

  it("is the same each time: EnOS may be given it with every download", () => {
    const target = { orgId: "o1", channelId: "ch-1" };
    expect(callbackToken(target, key("k".repeat(32)))).toBe(callbackToken(target, key("k".repeat(32))));
  });

  it("is invalid with one character changed, omitted or added, or with another key", () => {
    fc.assert(
      fc.property(scope, fc.nat(), fc.constantFrom(..."aZ0_-."), (target, place, character) => {
        const token = callbackToken(target, key("the key of this stack, and of no other"));
        const at = place % token.length;
        const changed = [
          token.slice(0, at) + character + token.slice(at + 1),
          token.slice(0, at) + token.slice(at + 1),
          token.slice(0, at) + character + token.slice(at),
        ];
        for (const forged of changed.filter((text) => text !== token)) {
          expect(scopeOf(forged, [key("the key of this stack, and of no other")], NOW)).toBeUndefined();
        }
        expect(scopeOf(token, [key("the key of another stack, whoever's it is")], NOW)).toBeUndefined();
      }),
    );
  });

  it("cannot name another organisation by a shifted boundary", () => {
    const secret = "the key of this stack, and of no other";
    const [, , mac] = callbackToken({ orgId: "o1", channelId: "ch-1" }, key(secret)).split(".");
    for (const forged of [`o.1ch-1.${mac}`, `o1ch-1..${mac}`, `.o1ch-1.${mac}`, `o1.ch-1`, mac, "", ".."]) {
      expect(scopeOf(String(forged), [key(secret)], NOW)).toBeUndefined();
    }
  });

  it("is valid until its key expires", () => {
    const target = { orgId: "o1", channelId: "ch-1" };
    const before = key("the key that was replaced a week ago", NOW + 1);
    const current = key("the key that tokens are made with now");
    const token = callbackToken(target, before);
    expect(scopeOf(token, [current, before], NOW)).toEqual(target);
    expect(scopeOf(token, [current, before], NOW + 1)).toBeUndefined();
  });
});
