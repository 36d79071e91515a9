import { type LookupAddress, Resolver, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { InFlight } from "../time/in-flight.ts";
import { isOwnAddress } from "./gateway.ts";

/** The timeout of a DNS query, in milliseconds, and the number of attempts. */
const QUESTION = { timeout: 1_000, tries: 2 };
/** How long to wait for the second address family once the first has answered, in milliseconds (RFC 8305, 3). */
const OTHER_FAMILY_MS = 50;

/** Errors for a name that the name servers do not know, but the machine might, from its hosts file or network. */
const UNKNOWN = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED"]);

/**
 * Resolves a host by querying name servers directly, and returns IPv4 first: a Lambda hardly ever has IPv6. The operating
 * system's lookup blocks one of two threads, for seconds if a name server is down: the gateways of a few organisations
 * would hold up all the others.
 *
 * @param resolver queries the name servers
 * @param system the operating system's lookup, for names without a dot and names that no name server knows
 */
export function createLookup(
  resolver = new Resolver(QUESTION),
  system: LookupFunction = systemLookup,
): LookupFunction {
  const resolve = (hostname: string, family: 4 | 6) =>
    new Promise<LookupAddress[]>((found, failed) => {
      resolver.resolve(hostname, family === 4 ? "A" : "AAAA", (error, addresses) => {
        if (error) failed(error);
        else found(addresses.map((address) => ({ address, family })));
      });
    });

  /** A sweep opens many connections at once. */
  const asking = new InFlight<LookupAddress[]>();
  const ask = (hostname: string) =>
    asking.share(hostname, () => addressesOf(resolve(hostname, 4), resolve(hostname, 6)));

  return (hostname, options, callback) => {
    if (!hostname.includes(".")) return system(hostname, options, callback);
    ask(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all || !first) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error) => {
        if (UNKNOWN.has(error.code)) system(hostname, options, callback);
        else callback(error, []);
      },
    );
  };
}

/**
 * The addresses of both families, or of one if the other has none or takes too long.
 *
 * @throws the first family's error when neither has any
 */
async function addressesOf(...families: Promise<LookupAddress[]>[]): Promise<LookupAddress[]> {
  const found: LookupAddress[] = [];
  const coming = families.map(async (family) => void found.push(...(await family)));
  await Promise.any(coming).catch(() => coming[0]);
  const late = new Promise((resolve) => setTimeout(resolve, OTHER_FAMILY_MS));
  await Promise.race([Promise.allSettled(coming), late]);
  return found.sort((a, b) => a.family - b.family);
}

/** A lookup without addresses of this machine and its link, which names may resolve to. */
export function elsewhere(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = (error ? [] : (found as LookupAddress[])).filter(
        ({ address }) => !isOwnAddress(address),
      );
      const [first] = addresses;
      if (first && options.all) callback(null, addresses);
      else if (first) callback(null, first.address, first.family);
      else callback(error ?? Object.assign(new Error(OWN_ADDRESS), { code: OWN_ADDRESS }), []);
    });
}

const OWN_ADDRESS = "LOOPBACK_OR_LINK_LOCAL";
