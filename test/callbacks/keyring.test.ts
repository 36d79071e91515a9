import { describe, expect, it } from "vitest";
import { Keyring, type Keys } from "../../lib/callbacks/keyring.ts";
import { type CallbackKey, callbackToken } from "../../lib/callbacks/token.ts";

const SCOPE = { orgId: "o1", channelId: "ch-1" };
const MINUTE = 60_000;
const OLD: CallbackKey = { secret: "the first key", until: Number.POSITIVE_INFINITY };
const NEW: CallbackKey = { secret: "the second key", until: Number.POSITIVE_INFINITY };

/** A keyring over keys that can be replaced, or out of reach. */
function keyring() {
  const world = { now: 0, keys: [OLD] as Keys | Error, reads: 0 };
  const ring = new Keyring({
    readKeys: async () => {
      world.reads++;
      if (world.keys instanceof Error) throw world.keys;
      return world.keys;
    },
    now: () => world.now,
  });
  return { world, ring };
}

describe("the keyring", () => {
  it("reads the keys once, and knows its own tokens", async () => {
    const { world, ring } = keyring();
    const token = await ring.tokenFor(SCOPE);
    world.now = 59 * MINUTE;
    expect(await ring.scopeOf(token)).toEqual(SCOPE);
    expect(world.reads).toBe(1);
  });

  it("reads them again for an unknown token, but at most once a minute", async () => {
    const { world, ring } = keyring();
    await ring.tokenFor(SCOPE);
    world.keys = [NEW, OLD];
    const token = callbackToken(SCOPE, NEW);
    world.now = MINUTE - 1;
    expect(await ring.scopeOf(token)).toBeUndefined();
    expect(world.reads).toBe(1);
    world.now = MINUTE;
    expect(await ring.scopeOf(token)).toEqual(SCOPE);
    for (let forged = 0; forged < 100; forged++) await ring.scopeOf("o1.ch-1.forged");
    expect(world.reads).toBe(2);
    expect(await ring.scopeOf(callbackToken(SCOPE, OLD))).toEqual(SCOPE);
  });

  it("does not read them repeatedly because of forged tokens while they cannot be read", async () => {
    const { world, ring } = keyring();
    const token = await ring.tokenFor(SCOPE);
    world.now = 2 * MINUTE;
    world.keys = new Error("out");
    await expect(ring.scopeOf("o1.ch-1.forged")).rejects.toThrow("out");
    for (let forged = 0; forged < 100; forged++) {
      expect(await ring.scopeOf("o1.ch-1.forged")).toBeUndefined();
    }
    expect(world.reads).toBe(2);
    expect(await ring.scopeOf(token)).toEqual(SCOPE);
  });

  it("forgets a key that was replaced an hour ago, and keeps those it has while there are no others", async () => {
    const { world, ring } = keyring();
    const token = await ring.tokenFor(SCOPE);
    world.now = 60 * MINUTE;
    world.keys = new Error("out");
    expect(await ring.scopeOf(token)).toEqual(SCOPE);
    world.now += 60 * MINUTE;
    world.keys = [NEW];
    expect(await ring.scopeOf(token)).toBeUndefined();
  });

  it("has no answer before it has read any", async () => {
    const { world, ring } = keyring();
    world.keys = new Error("out");
    await expect(ring.scopeOf("o1.ch-1.any")).rejects.toThrow("out");
    await expect(ring.tokenFor(SCOPE)).rejects.toThrow("out");
    world.keys = [OLD];
    expect(await ring.tokenFor(SCOPE)).toBe(callbackToken(SCOPE, OLD));
  });
});
