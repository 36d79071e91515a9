import type { LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elsewhere } from "../../lib/enos/dns.ts";
import {
  gatewayOrigin,
  gatewayProblem,
  gatewayUrl,
  isLoopback,
  isOwnAddress,
  isOwnHost,
} from "../../lib/enos/gateway.ts";

const DEPLOYED = { httpHosts: ["apim.corp.example", "10.1.2.3", "[fd12::7]"], isDeployed: true };
const LOCAL = { httpHosts: [], isDeployed: false };

/** Ways to write addresses of the machine itself, as people do who want to get there. */
const OWN = [
  "127.0.0.1",
  "127.255.255.254",
  "0.0.0.0",
  "169.254.169.254",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[0:0:0:0:0:ffff:a9fe:a9fe]",
  "[fe80::1]",
  "[febf::1]",
  "[fd00:ec2::254]",
  "localhost",
  "LOCALHOST.",
  "metadata.localhost",
];

describe("a gateway's address", () => {
  it.each([
    ["https://apim.example", "https://apim.example"],
    ["http://APIM.example:80/", "http://apim.example"],
    ["https://[::1]:8443", "https://[::1]:8443"],
  ])("may be %s", (text, origin) => {
    expect(gatewayOrigin(text)).toBe(origin);
    expect(gatewayUrl.safeParse(text)).toEqual({ success: true, data: origin });
  });

  it.each([
    "apim.example",
    "ftp://apim.example",
    "xhttp://apim.example/",
    "https://apim.example/path",
    "https://apim.example?query",
    "https://apim.example#hash",
    "https://user@apim.example",
    "https://:password@apim.example",
    "https://",
  ])("is not %s", (text) => {
    expect(gatewayOrigin(text)).toBeUndefined();
    expect(gatewayUrl.safeParse(text).error?.issues[0]?.message).toBe(
      "must be an https origin without a path",
    );
  });

  it("is loopback only by the whole of its host", () => {
    for (const host of ["localhost", "127.0.0.1", "127.100.20.3", "[::1]"])
      expect(isLoopback(host)).toBe(true);
    for (const host of ["xlocalhost", "localhost.evil.example", "127.0.0.1.evil.example", "[::1]x"]) {
      expect(isLoopback(host)).toBe(false);
      expect(isOwnHost(host)).toBe(false);
    }
  });
});

describe("a deployed function's gateway", () => {
  it.each(OWN)("is never %s, with or without TLS, listed or not", (host) => {
    for (const scheme of ["http", "https"]) {
      const origin = gatewayOrigin(`${scheme}://${host}:9001`) ?? "";
      const { hostname } = new URL(origin);
      const rule = { httpHosts: [hostname], isDeployed: true };
      expect(gatewayProblem(origin, rule)).toMatch(/^must not be on loopback or link-local/);
    }
  });

  it.each([
    "http://apim.corp.example",
    "http://10.1.2.3:8080",
    "http://[fd12::7]",
    "https://anything.example",
  ])("may be %s", (origin) => {
    expect(gatewayProblem(origin, DEPLOYED)).toBeUndefined();
  });

  it.each([
    "http://apim.corp.example.evil.example",
    "http://x.apim.corp.example",
    "http://10.1.2.30",
    "http://10.1.2.4",
    "http://127.0.0.1.evil.example",
  ])("is not %s, which only looks like one that is listed", (origin) => {
    expect(gatewayProblem(origin, DEPLOYED)).toBe("must be https (http on hosts of ENOS_HTTP_HOSTS only)");
  });
});

describe("a local run's gateway", () => {
  it.each(["http://127.0.0.1:3999", "http://localhost:1", "http://[::1]:1", "https://apim.example"])(
    "may be %s",
    (origin) => {
      expect(gatewayProblem(origin, LOCAL)).toBeUndefined();
    },
  );

  it.each(["http://apim.example", "http://169.254.169.254", "http://0.0.0.0"])("is not %s", (origin) => {
    expect(gatewayProblem(origin, LOCAL)).toBe(
      "must be https (http on loopback and on hosts of ENOS_HTTP_HOSTS only)",
    );
  });
});

it("addresses are the machine's own, whether IPv4 is written as IPv6 or not", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(byte, byte, byte, byte, (...bytes) => {
      const address = bytes.join(".");
      const [first, second] = bytes;
      const isOwn = first === 0 || first === 127 || (first === 169 && second === 254);
      expect(isOwnAddress(address)).toBe(isOwn);
      expect(isOwnAddress(`::ffff:${address}`)).toBe(isOwn);
      const { hostname } = new URL(`http://[::ffff:${address}]/`);
      expect(isOwnHost(hostname)).toBe(isOwn);
    }),
  );
});

describe("a host name that resolves to the machine itself", () => {
  const leadingTo =
    (...addresses: string[]): LookupFunction =>
    (_hostname, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      );
  const found = (lookup: LookupFunction, all = true) =>
    new Promise<string | LookupAddress[]>((resolve, reject) => {
      lookup("gateway.example", { all }, (error, address) => (error ? reject(error) : resolve(address)));
    });

  it("is not connected to", async () => {
    const lookup = elsewhere(leadingTo("127.0.0.1", "::1", "::ffff:169.254.169.254"));
    await expect(found(lookup)).rejects.toMatchObject({ code: "LOOPBACK_OR_LINK_LOCAL" });
  });

  it("is connected to at its other addresses", async () => {
    const lookup = elsewhere(leadingTo("127.0.0.1", "10.1.2.3", "fd12::7"));
    expect(await found(lookup)).toEqual([
      { address: "10.1.2.3", family: 4 },
      { address: "fd12::7", family: 6 },
    ]);
    expect(await found(lookup, false)).toBe("10.1.2.3");
  });

  it("is not found if it does not exist", async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
    await expect(found(elsewhere(lookup))).rejects.toMatchObject({ code: "ENOTFOUND" });
  });
});
