import type { Breakers } from "./breakers.ts";
import type { SweepDependencies } from "./dependencies.ts";
import type { TimeBudget } from "./time-budget.ts";

/** How many organisations of stuck gateways have their turn in a sweep of a shard. */
const MOST = 25;
/** How often it is the turn of the next ones, in milliseconds: about once a sweep. */
const TURN_MS = 60_000;

/**
 * Learns the present gateway of some organisations whose gateway is stuck, since they may have moved to another. Each
 * sweep takes the next ones.
 */
export async function learnMoved(
  orgIds: readonly string[],
  options: {
    credentials: Pick<SweepDependencies["credentials"], "get">;
    breakers: Pick<Breakers, "learn">;
    time: TimeBudget;
    /** Unix milliseconds. */
    now: number;
  },
): Promise<void> {
  const { credentials, breakers, time, now } = options;
  const turn = Math.floor(now / TURN_MS) * MOST;
  for (let index = 0; index < Math.min(MOST, orgIds.length); index++) {
    const orgId = orgIds[(turn + index) % orgIds.length] as string;
    if (time.isClosing) return;
    try {
      const found = await Promise.race([credentials.get(orgId), time.closing]);
      if (found) breakers.learn(orgId, found.baseUrl);
    } catch {
      // The organisation's next call will report the error.
    }
  }
}
