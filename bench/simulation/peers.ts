import type { Random } from "./random.ts";
import type { Waiter } from "./waiter.ts";

/** A sweep over every open task each so many seconds; tasks are tracked anywhere between two of them. */
export function fixed(name: string, seconds: number): Waiter {
  return loop(name, `every task every ${seconds} s, the first check within that`, seconds, (random) =>
    random(),
  );
}

/** A Step Functions loop per task: wait, check, choose. It begins with the wait. */
export function waitLoop(seconds: number): Waiter {
  const definition = `one execution per task that waits ${seconds} s before each check; its steps take no time`;
  return loop("Step Functions wait loop", definition, seconds, () => 1);
}

function loop(name: string, definition: string, seconds: number, first: (random: Random) => number): Waiter {
  const interval = seconds * 1000;
  return {
    name,
    definition,
    wait(duration, random) {
      const start = first(random) * interval;
      const waits = Math.max(0, Math.ceil((duration - start) / interval));
      return { checks: waits + 1, delay: start + waits * interval - duration, bound: interval };
    },
  };
}

/** The AWS SDK's defaults for waiters, in seconds. */
const MIN_DELAY = 2;
const MAX_DELAY = 120;

/**
 * The AWS SDK for JavaScript's waiter, as in @smithy/core's util-waiter: checks once, then waits for
 * a random time between the shortest delay and one that doubles; once that would be beyond the longest delay it
 * waits for the longest, without jitter. Its limit of the whole waiting time is left out.
 */
export const sdkWaiter: Waiter = {
  name: "AWS SDK waiter",
  definition: `exponential with jitter, minDelay ${MIN_DELAY} s, maxDelay ${MAX_DELAY} s (its defaults); checks once`,
  wait(duration, random) {
    let now = 0;
    let checks = 1;
    let bound = 0;
    while (now < duration) {
      const { least, most } = sdkDelay(checks);
      now += (least + random() * (most - least)) * 1000;
      bound = most * 1000;
      checks++;
    }
    return { checks, delay: now - duration, bound };
  },
};

/** Between which delays, in seconds, the SDK's waiter draws before its retry of this number (from 1). */
export function sdkDelay(attempt: number): { least: number; most: number } {
  if (attempt > Math.log2(MAX_DELAY / MIN_DELAY) + 1) return { least: MAX_DELAY, most: MAX_DELAY };
  return { least: MIN_DELAY, most: Math.min(MIN_DELAY * 2 ** (attempt - 1), MAX_DELAY) };
}

/** What checks are counted against. */
export const FIXED_MINUTE = fixed("fixed 60 s", 60);

/** What the service's schedule is compared with. */
export const PEERS: readonly Waiter[] = [FIXED_MINUTE, fixed("fixed 5 min", 300), sdkWaiter, waitLoop(60)];
