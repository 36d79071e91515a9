import { type LookupAddress, Resolver, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { isOwnAddress } from "./gateway.ts";

/** For one question to a name server, in milliseconds, and how often it is asked. */
const QUESTION = { timeout: 1_000, tries: 2 };
/** How long the addresses of one family wait for those of the other, in milliseconds (RFC 8305, 3). */
const OTHER_FAMILY_MS = 50;

/** What name servers say of a name that only this machine may know, from its hosts file or its own network. */
const UNKNOWN = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED"]);

/**
 * Finds a host's addresses by asking name servers itself, IPv4 first: a Lambda hardly ever has IPv6. The operating
 * system's way takes one of two threads for as long as it takes, which is seconds where a name server is dead: the
 * gateways of a few organisations would hold up all the others.
 *
 * @param resolver where to ask
 * @param system the operating system's way, for names without a dot and those that no name server knows
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

  const asking = new Map<string, Promise<LookupAddress[]>>();
  /** One question under way for a name, however many connections wait for its answer: a sweep begins with many. */
  const ask = (hostname: string) => {
    let answer = asking.get(hostname);
    if (!answer) {
      answer = addressesOf(resolve(hostname, 4), resolve(hostname, 6)).finally(() => asking.delete(hostname));
      asking.set(hostname, answer);
    }
    return answer;
  };

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
 * The addresses of both families, or of one when the other has none or takes its time.
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

/** Finds what another way of finding does, but for addresses of this machine and its link: a name may lead there. */
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
