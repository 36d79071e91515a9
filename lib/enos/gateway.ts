import { BlockList, isIP } from "node:net";
import * as z from "zod/mini";

/** The rule for gateways' addresses. */
export interface GatewayRule {
  /** Hosts whose gateways may be plain http, as URLs write them. */
  httpHosts: readonly string[];
  /** Whether this is a deployed function: its machine has no EnOS, but other things that must not be called. */
  isDeployed: boolean;
}

/** The machine itself and its link: loopback, "this host", link-local, and AWS's own addresses for instances. */
const OWN = new BlockList();
for (const [network, prefix, family] of [
  ["0.0.0.0", 8, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["::", 127, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fd00:ec2::", 32, "ipv6"],
] as const) {
  OWN.addSubnet(network, prefix, family);
}

/** Whether an address is the machine's own or on its link; includes IPv4 addresses written as IPv6. */
export function isOwnAddress(address: string): boolean {
  return OWN.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** The same for a host as URLs write it: an address, or a name for loopback (RFC 6761). */
export function isOwnHost(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  return isIP(address) ? isOwnAddress(address) : /(^|\.)localhost\.?$/.test(host);
}

/** The origin of a gateway; undefined if the text is not an http or https URL, or has more than an origin. */
export function gatewayOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const hasMore = url.pathname !== "/" || url.search || url.hash || url.username || url.password;
  return hasMore ? undefined : url.origin;
}

/** A text that is an origin. {@link gatewayProblem} decides whether a gateway may be there. */
export const gatewayUrl = z.pipe(
  z
    .string()
    .check(z.refine((url) => gatewayOrigin(url) !== undefined, "must be an https origin without a path")),
  z.transform((url) => new URL(url).origin),
);

/** Why a gateway must not be at an origin, to continue a sentence after its name; undefined if it may. */
export function gatewayProblem(origin: string, { httpHosts, isDeployed }: GatewayRule): string | undefined {
  const { protocol, hostname } = new URL(origin);
  const isOwn = isOwnHost(hostname);
  if (isOwn && isDeployed) return "must not be on loopback or link-local: EnOS is never there";
  if (protocol === "https:" || (isOwn && isLoopback(hostname)) || httpHosts.includes(hostname)) {
    return undefined;
  }
  return `must be https (http on ${isDeployed ? "" : "loopback and on "}hosts of ENOS_HTTP_HOSTS only)`;
}

/** Whether a host as URLs write it is this machine, where plain http is safe. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);
}
