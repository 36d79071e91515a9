import type { EnosError } from "./errors.ts";

/** Repeats after the first attempt. */
const MAX_RETRIES = 2;
/** Upper bound of the first backoff in milliseconds; doubled for each further one. */
const BACKOFF_MS = 200;

/**
 * How long to wait before the next attempt, in milliseconds; undefined when there should be none.
 *
 * Backoff has full jitter (a uniform share of the bound), so that callers that failed together do not retry together. A
 * traffic limit is waited for only if EnOS said for how long, and there is time.
 *
 * @param retries how many retries there have been
 * @param remainingMs what is left of the call's budget
 * @param random uniform in [0, 1)
 */
export function retryDelay(
  error: EnosError,
  retries: number,
  remainingMs: number,
  random: number,
): number | undefined {
  if (retries >= MAX_RETRIES) return undefined;
  let delay: number;
  if (error.kind === "throttled") {
    if (error.retryAfterSeconds === undefined) return undefined;
    delay = error.retryAfterSeconds * 1000;
  } else if (error.transient) {
    delay = random * BACKOFF_MS * 2 ** retries;
  } else {
    return undefined;
  }
  return delay < remainingMs ? delay : undefined;
}
