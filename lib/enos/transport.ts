import type { LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
// The package's entry pulls in fetch, caches, WebSocket and more: over half of a cold start.
import Agent from "undici/lib/dispatcher/agent.js";
import { createLookup } from "./lookup.ts";
import { ageOf, moment } from "./moment.ts";
import { sign } from "./signature.ts";

/** What this client calls itself; the version is `package.json`'s. */
const USER_AGENT = "enos-download-status/1.0.0";

/** Limits in milliseconds and bytes. How long an answer may take is up to the call's budget. */
export const LIMITS = {
  connectTimeout: 3_000,
  /**
   * For one address of several. Node's own 250 ms give up a gateway on another continent for the next address, which
   * may be a dead one.
   */
  addressTimeout: 1_000,
  /** For a connection that nobody uses. Many servers close theirs after five seconds. */
  keepAlive: 4_000,
  maxResponseSize: 1024 * 1024,
} as const;

/** A request to EnOS. */
export interface EnosRequest extends Dispatcher.DispatchOptions {
  /** What it is signed with on its way out. */
  signing?: { accessToken: string; secretKey: string; query: Record<string, string>; now: () => number };
  /** Whether a connection that was used before will not do. */
  newConnection?: boolean;
}

/** How the connections to EnOS gateways are made. */
export interface TransportOptions {
  /** Finds a host's addresses. */
  lookup?: LookupFunction;
}

/** The connections to EnOS gateways, kept and shared by all calls. Signs what goes out. */
export class Transport {
  readonly #options: Agent.Options;
  readonly #unkept: Agent;
  #kept: Agent;
  #lastUse = moment();

  constructor({ lookup = createLookup() }: TransportOptions = {}) {
    this.#options = {
      connect: {
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
    // Without pipelining a connection serves one request.
    this.#unkept = new Agent({ ...this.#options, pipelining: 0 });
  }

  /** See undici's `Dispatcher.dispatch`. */
  dispatch(
    { signing, newConnection, ...options }: EnosRequest,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const headers = { "user-agent": USER_AGENT, "accept-encoding": "identity", ...options.headers };
    // At the moment of sending, so that whatever repeats a request repeats it with a signature of its own.
    if (signing) Object.assign(headers, signatureHeaders(signing));
    const connections = newConnection ? this.#unkept : this.#connections();
    return connections.dispatch({ ...options, headers }, handler);
  }

  /**
   * A frozen process closes no connection in time: what has lain idle for longer than it would have been kept is
   * dead, or forgotten on the way, and answers nothing.
   */
  #connections(): Agent {
    if (ageOf(this.#lastUse) > LIMITS.keepAlive) {
      // Calls that are under way come to their end.
      this.#kept.close().catch(() => {});
      this.#kept = new Agent(this.#options);
    }
    this.#lastUse = moment();
    return this.#kept;
  }
}

function signatureHeaders({ accessToken, secretKey, query, now }: NonNullable<EnosRequest["signing"]>) {
  const timestamp = now();
  return {
    "apim-accesstoken": accessToken,
    "apim-timestamp": String(timestamp),
    "apim-signature": sign(accessToken, query, timestamp, secretKey),
  };
}
