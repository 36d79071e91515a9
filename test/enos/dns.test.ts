import { type LookupAddress, type LookupAllOptions, Resolver, type ResolverOptions } from "node:dns";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLookup } from "../../lib/enos/dns.ts";
import { startNameServer, type Zone } from "./name-server.ts";

const ZONE: Zone = {
  "both.example": { AAAA: ["::1"], A: ["127.0.0.1", "127.0.0.2"] },
  "four.example": { A: ["127.0.0.4"] },
  "six.example": { AAAA: ["::6"] },
  "halting.example": { A: ["127.0.0.5"], AAAA: "silence" },
  "limping.example": { A: ["127.0.0.6"], AAAA: "SERVFAIL" },
  "broken.example": { A: "SERVFAIL", AAAA: "SERVFAIL" },
  "*.silent.example": { A: "silence", AAAA: "silence" },
  "silent.example": { A: "silence", AAAA: "silence" },
};

let server: Awaited<ReturnType<typeof startNameServer>>;
let resolver: Resolver;
const system = vi.fn((_hostname: string, _options: unknown, callback: (...result: unknown[]) => void) =>
  callback(null, [{ address: "127.0.0.9", family: 4 }]),
);

beforeEach(async () => {
  server = await startNameServer(ZONE);
  resolver = resolverOf({ timeout: 300, tries: 1 });
  system.mockClear();
});

function resolverOf(options: ResolverOptions): Resolver {
  const resolver = new Resolver(options);
  resolver.setServers([server.address]);
  return resolver;
}

afterEach(() => {
  resolver.cancel();
  server.close();
});

function find(hostname: string, options: Partial<LookupAllOptions> = { all: true }): Promise<unknown> {
  const lookup = createLookup(resolver, system as never);
  return new Promise((resolve, reject) => {
    lookup(hostname, options, (error, address, family) => {
      if (error) reject(error);
      else resolve(family === undefined ? addresses(address) : `${address} ${family}`);
    });
  });
}

const addresses = (found: string | LookupAddress[]) =>
  (found as LookupAddress[]).map(({ address }) => address);

describe("looking up a gateway's addresses", () => {
  it.each([
    ["both.example", ["127.0.0.1", "127.0.0.2", "::1"]],
    ["four.example", ["127.0.0.4"]],
    ["six.example", ["::6"]],
    ["halting.example", ["127.0.0.5"]],
    ["limping.example", ["127.0.0.6"]],
  ])("%s", async (hostname, expected) => {
    expect(await find(hostname)).toEqual(expected);
    expect(await find(hostname, {})).toBe(`${expected[0]} ${expected[0]?.includes(":") ? 6 : 4}`);
    expect(system).not.toHaveBeenCalled();
  });

  it.each(["localhost", "gateway", "only-here.example"])("leaves %s to the machine", async (hostname) => {
    expect(await find(hostname)).toEqual(["127.0.0.9"]);
  });

  it("does not use the operating system's lookup, which would block a thread", async () => {
    await expect(find("broken.example")).rejects.toMatchObject({ code: "ESERVFAIL" });
    await expect(find("silent.example")).rejects.toMatchObject({ code: "ETIMEOUT" });
    expect(system).not.toHaveBeenCalled();
  });

  it("makes one query for concurrent lookups", async () => {
    const lookup = createLookup(resolver, system as never);
    const asked = vi.spyOn(resolver, "resolve");
    const find = () =>
      new Promise((resolve) => lookup("four.example", { all: true }, (_error, found) => resolve(found)));
    const all = await Promise.all(Array.from({ length: 50 }, find));
    expect(new Set(all.map((found) => JSON.stringify(found))).size).toBe(1);
    // For each family.
    expect(asked).toHaveBeenCalledTimes(2);
    await find();
    expect(asked).toHaveBeenCalledTimes(4);
  });

  it("is not held up by any number of names without an answer", async () => {
    resolver = resolverOf({ timeout: 1_000, tries: 2 });
    const silent = Array.from({ length: 100 }, (_, index) =>
      find(`${index}.silent.example`).catch(() => "silent"),
    );
    const first = await Promise.race([find("four.example"), ...silent]);
    expect(first).toEqual(["127.0.0.4"]);
    await Promise.all(silent);
  });
});
