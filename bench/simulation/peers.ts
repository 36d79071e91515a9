import { checking, type Waiter } from "./waiter.ts";

const SECOND = 1_000;

/** Checks every open task at a fixed interval; tasks are tracked at any time between two checks. */
export function fixed(seconds: number): Waiter {
  const definition = `every task every ${seconds} s, the first check within that`;
  return checking(`fixed ${seconds} s`, definition, (random) => every(seconds, random() * seconds));
}

/** A Step Functions loop per task: wait, check, choose. It starts with the wait. */
export function waitLoop(seconds: number): Waiter {
  const definition = `one execution per task that waits ${seconds} s before each check; its steps take no time`;
  return checking("Step Functions wait loop", definition, () => every(seconds, seconds));
}

function* every(seconds: number, first: number): Generator<number> {
  for (let time = first; ; time += seconds) yield time * SECOND;
}

/** Step Functions' own way to wait for a Glue job (`glue:startJobRun.sync`), as AWS's support describes it. */
export const glueSchedule = checking(
  "Step Functions' schedule for Glue jobs",
  "every 60 s for ten minutes, the first check after 60 s, and every 300 s from then on",
  function* () {
    for (let time = 60; ; time += time < 600 ? 60 : 300) yield time * SECOND;
  },
);

/** The AWS SDK's defaults for waiters, in seconds. */
const MIN_DELAY = 2;
const MAX_DELAY = 120;

/**
 * The AWS SDK for JavaScript's waiter, as in @smithy/core's util-waiter: checks once, then waits for
 * a random time between the shortest delay and one that doubles; once that would exceed the longest delay it
 * waits for the longest, without jitter. Its limit on the total waiting time is ignored.
 */
export const sdkWaiter = checking(
  "AWS SDK waiter",
  `exponential with jitter, minDelay ${MIN_DELAY} s, maxDelay ${MAX_DELAY} s (its defaults); checks at once`,
  function* (random) {
    let time = 0;
    for (let attempt = 1; ; attempt++) {
      yield time;
      const { least, most } = sdkDelay(attempt);
      time += (least + random() * (most - least)) * SECOND;
    }
  },
);

/** The range of delays, in seconds, from which the SDK's waiter draws before a retry (counted from 1). */
export function sdkDelay(attempt: number): { least: number; most: number } {
  if (attempt > Math.log2(MAX_DELAY / MIN_DELAY) + 1) return { least: MAX_DELAY, most: MAX_DELAY };
  return { least: MIN_DELAY, most: Math.min(MIN_DELAY * 2 ** (attempt - 1), MAX_DELAY) };
}

/** The default of AWS's SDKs for durable functions (`WaitStrategies.Presets.DEFAULT`), in seconds. */
const DURABLE = { initial: 5, most: 300, rate: 1.5, attempts: 60 };

/** A Lambda durable function per task, with its SDK's default for waiting for a condition. */
export const durableFunction = checking(
  "durable function, its default",
  `checks at once, then after ${DURABLE.initial} s × ${DURABLE.rate} up to ${DURABLE.most} s, each with full jitter (a random part of it); gives up after ${DURABLE.attempts} checks`,
  function* (random) {
    let time = 0;
    for (let attempt = 1; attempt <= DURABLE.attempts; attempt++) {
      yield time;
      const delay = Math.min(DURABLE.most, DURABLE.initial * DURABLE.rate ** (attempt - 1));
      time += random() * delay * SECOND;
    }
  },
);

/** The assumed share of lost callbacks: the real one is unknown, and EnOS repeats none. */
export const LOST = 0.1;

/** A caller that relies on callbacks. */
export const callbackAlone: Waiter = {
  name: "EnOS's callback alone",
  definition: `never checks, and believes what comes; ${LOST * 100} % of the callbacks are lost`,
  wait: () => ({ checks: [], callback: { lost: LOST, afterMs: 0, checks: 0 } }),
};

/** The baseline for the number of checks. */
export const FIXED_MINUTE = fixed(60);

/** What the service's schedule is compared with. */
export const PEERS: readonly Waiter[] = [
  FIXED_MINUTE,
  fixed(180),
  fixed(300),
  sdkWaiter,
  waitLoop(60),
  glueSchedule,
  durableFunction,
  callbackAlone,
];
