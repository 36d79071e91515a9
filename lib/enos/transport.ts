import type { LookupFunction } from "node:net";
import { createSecureContext, getCACertificates } from "node:tls";
import type { Dispatcher } from "undici";
// The package's entry pulls in fetch, caches, WebSocket and more: over half of a cold start.
import Agent from "undici/lib/dispatcher/agent.js";
import { ageOf, moment } from "../time/moment.ts";
import { createLookup } from "./dns.ts";
import { sign } from "./signature.ts";

/** The user agent; the version is that of `package.json`. */
const USER_AGENT = "enos-download-status/1.0.0";

/** Limits in milliseconds and bytes. How long an answer may take is up to the call's budget. */
export const LIMITS = {
  connectTimeout: 3_000,
  /**
   * For one address of several. With Node's default of 250 ms, a gateway on another continent would be given up for the
   * next address, which may be dead.
   */
  addressTimeout: 1_000,
  /** For idle connections. Many servers close them after five seconds. */
  keepAlive: 4_000,
  maxResponseSize: 1024 * 1024,
} as const;

/** A request to EnOS. */
export interface EnosRequest {
  origin: string;
  /** With the query. */
  path: string;
  method: "GET" | "POST";
  /** JSON. */
  body?: string;
  /** What it is signed with when it is sent. */
  signing?: Signing;
  /** Whether it must not use a kept connection. */
  newConnection?: boolean;
}

interface Signing {
  accessToken: string;
  secretKey: string;
  query: Record<string, string>;
  /** Unix time in milliseconds. */
  now: () => number;
}

/** Options of the connections to EnOS gateways. */
export interface TransportOptions {
  /** Finds a host's addresses. */
  lookup?: LookupFunction;
  /** PEM of certification authorities that are trusted in addition to Node's own. */
  privateCa?: string | undefined;
}

/** The connections to EnOS gateways, kept and shared by all calls. Signs what goes out. */
export class Transport {
  readonly #options: Agent.Options;
  readonly #unkept: Agent;
  #kept: Agent;
  #lastUse = moment();

  constructor({ lookup = createLookup(), privateCa }: TransportOptions = {}) {
    this.#options = {
      connect: {
        // Created once, since Node then parses every certificate.
        ...(privateCa && { secureContext: trusting(privateCa) }),
        timeout: LIMITS.connectTimeout,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: LIMITS.addressTimeout,
        lookup,
      },
      keepAliveTimeout: LIMITS.keepAlive,
      keepAliveMaxTimeout: LIMITS.keepAlive,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: LIMITS.maxResponseSize,
      allowH2: false,
    };
    this.#kept = new Agent(this.#options);
    // With pipelining 0, undici uses a connection for one request only.
    this.#unkept = new Agent({ ...this.#options, pipelining: 0 });
  }

  /** See undici's `Dispatcher.dispatch`. */
  dispatch(request: EnosRequest, handler: Dispatcher.DispatchHandler): boolean {
    const { origin, path, method, body = null } = request;
    const agent = request.newConnection ? this.#unkept : this.#connections();
    return agent.dispatch({ origin, path, method, body, headers: headersOf(request) }, handler);
  }

  /**
   * A frozen process does not close idle connections in time: those that have been idle for longer than the limit may be
   * dead, and are not used.
   */
  #connections(): Agent {
    if (ageOf(this.#lastUse) > LIMITS.keepAlive) {
      // Calls in flight still finish.
      this.#kept.close().catch(() => {});
      this.#kept = new Agent(this.#options);
    }
    this.#lastUse = moment();
    return this.#kept;
  }
}

function trusting(privateCa: string) {
  return createSecureContext({ ca: [...getCACertificates("default"), privateCa] });
}

/** Signs at the moment of sending, so that a retry gets its own signature. */
function headersOf({ signing, body }: EnosRequest): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": USER_AGENT, "accept-encoding": "identity" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (signing) {
    const { accessToken, secretKey, query, now } = signing;
    const timestamp = now();
    headers["apim-accesstoken"] = accessToken;
    headers["apim-timestamp"] = String(timestamp);
    headers["apim-signature"] = sign(accessToken, query, timestamp, secretKey);
  }
  return headers;
}
