import { PRICES } from "../price/prices.ts";
import { SWEEP_MS, TRACK_CALL_MS } from "./assumptions.ts";
import type { Outcome } from "./run.ts";

const MONTH_SECONDS = 730 * 3_600;
/** Memory of the function that tracks, in GB: its `memorySize` in `infra/functions.yml`. */
const TRACK_GB = 0.5;

/** List prices of a month like the minutes that were counted, in dollars. */
export interface Cost {
  /** Sweeps: their time, what they read of the index, and the shards' records. */
  checking: number;
  /** Tasks that begin and end: API calls, writes and events. */
  turnover: number;
}

/** What a scenario costs at AWS's list prices. */
export function cost({ scenario, minutes, usage, arrivalsPerSecond }: Outcome): Cost {
  const seconds = (minutes.length * SWEEP_MS) / 1_000;
  const sweepSeconds = minutes.reduce((sum, { invokedSeconds }) => sum + invokedSeconds, 0);
  const aMonth = (dollarsForAMillion: number, units: number) =>
    (((dollarsForAMillion * units) / seconds) * MONTH_SECONDS) / 1_000_000;

  const sweeps = minutes.length * scenario.sweepers;
  const lambdaSecond = (gb: number) => gb * PRICES.lambdaGbSecond * 1_000_000;
  const call = PRICES.apiCalls + PRICES.lambdaRequests + lambdaSecond(TRACK_GB) * (TRACK_CALL_MS / 1_000);
  const begun = arrivalsPerSecond * seconds;
  return {
    checking:
      aMonth(lambdaSecond(scenario.memory / 1_024), sweepSeconds) +
      aMonth(PRICES.lambdaRequests + PRICES.schedulerInvocations, sweeps) +
      aMonth(PRICES.dynamodbReadUnits, usage.reads.total) +
      aMonth(PRICES.dynamodbWriteUnits, usage.recordWrites.total),
    turnover:
      aMonth(call, begun) +
      // Each in the table and in the index; who begins to track a task writes it, too.
      aMonth(PRICES.dynamodbWriteUnits, 2 * (usage.taskWrites.total + begun)) +
      aMonth(PRICES.snsPublished, usage.events.total),
  };
}
