import { AwsConnections, type ConnectionOptions } from "./connections.ts";

interface Limits extends ConnectionOptions {
  /** The first one included. */
  maxAttempts: number;
}

/** How often and how long each of our clients tries, so that its callers still have time when it gives up. */
const LIMITS = {
  /** Every read and write may be repeated. Sweeps make many at a time, and no sweep can work without the table. */
  table: { maxAttempts: 4, answerMs: 3_000, maxSockets: 100 },
  /** A lookup has ten seconds in all, and needs the secret first. */
  credentials: { maxAttempts: 3, answerMs: 2_000 },
  /** Whether an organisation has a secret may stay unclear: tracking goes on without. */
  organisations: { maxAttempts: 2, answerMs: 1_000 },
  /** EnOS waits for its callback's answer, and does not call a second time. */
  callbackKey: { maxAttempts: 3, answerMs: 2_000 },
  hints: { maxAttempts: 3, answerMs: 2_000 },
  /** A call has up to ten events, and an event that may not have been accepted is published again by a later sweep. */
  events: { maxAttempts: 3, answerMs: 3_000 },
} satisfies Record<string, Limits>;

/** A client's limits, as options for its constructor. */
export function limitsOf(client: keyof typeof LIMITS) {
  const { maxAttempts, ...connections } = LIMITS[client];
  return { maxAttempts, requestHandler: new AwsConnections(connections) };
}
