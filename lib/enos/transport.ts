import type { Dispatcher } from "undici";
// The package's entry pulls in fetch, caches, WebSocket and more: over half of a cold start.
import Agent from "undici/lib/dispatcher/agent.js";
import { sign } from "./signature.ts";

/** Limits of one attempt, in milliseconds and bytes. The whole call's budget is the client's. */
export const LIMITS = {
  connectTimeout: 3_000,
  headersTimeout: 10_000,
  bodyTimeout: 5_000,
  maxResponseSize: 1024 * 1024,
} as const;

/** A request that the transport signs on its way out, each time it goes out. */
export interface SignedOptions extends Dispatcher.DispatchOptions {
  signing?: { accessToken: string; secretKey: string; query: Record<string, string>; now: () => number };
}

/** A dispatcher with the limits above that signs. Connections are kept and shared by all calls through it. */
export function createTransport(): Dispatcher {
  return new Agent({
    connect: { timeout: LIMITS.connectTimeout },
    headersTimeout: LIMITS.headersTimeout,
    bodyTimeout: LIMITS.bodyTimeout,
    maxResponseSize: LIMITS.maxResponseSize,
    allowH2: false,
  }).compose(signing);
}

/**
 * Signs at the moment of sending: it stands innermost, so whatever repeats a request, the repeat carries a
 * timestamp and a signature of its own.
 */
function signing(dispatch: Dispatcher["dispatch"]): Dispatcher["dispatch"] {
  return (options: SignedOptions, handler) => {
    if (!options.signing) return dispatch(options, handler);
    const { accessToken, secretKey, query, now } = options.signing;
    const timestamp = now();
    const headers = {
      "apim-accesstoken": accessToken,
      "apim-timestamp": String(timestamp),
      "apim-signature": sign(accessToken, query, timestamp, secretKey),
    };
    return dispatch({ ...options, headers }, handler);
  };
}
