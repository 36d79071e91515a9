import { PRICES } from "../price/prices.ts";
import { SWEEP_MS, TRACK_CALL_MS } from "./assumptions.ts";
import type { Outcome } from "./run.ts";

const MONTH_SECONDS = 730 * 3_600;
/** The memory of the function `track` in GB (`infra/functions.yml`). */
const TRACK_GB = 0.5;

/** The list price of a month in dollars, extrapolated from the minutes that were counted. */
export interface Cost {
  /** The sweeps: their duration, reads of the index, and writes of their own records. */
  checking: number;
  /** Tasks that start and end: API calls, writes and events. */
  turnover: number;
}

/** What a scenario costs at AWS's list prices. */
export function cost({ scenario, minutes, usage, arrivalsPerSecond }: Outcome): Cost {
  const seconds = (minutes.length * SWEEP_MS) / 1_000;
  const sweepSeconds = minutes.reduce((sum, { invokedSeconds }) => sum + invokedSeconds, 0);
  const aMonth = (dollarsForAMillion: number, units: number) =>
    (((dollarsForAMillion * units) / seconds) * MONTH_SECONDS) / 1_000_000;
  const lambdaSecond = (gb: number) => gb * PRICES.lambdaGbSecond * 1_000_000;
  const call = PRICES.apiCalls + PRICES.lambdaRequests + lambdaSecond(TRACK_GB) * (TRACK_CALL_MS / 1_000);
  const started = arrivalsPerSecond * seconds;
  return {
    checking:
      aMonth(lambdaSecond(scenario.memory / 1_024), sweepSeconds) +
      aMonth(PRICES.lambdaRequests + PRICES.schedulerInvocations, minutes.length * scenario.sweepers) +
      aMonth(PRICES.dynamodbReadUnits, usage.reads.total) +
      aMonth(PRICES.dynamodbWriteUnits, usage.recordWrites.total),
    turnover:
      aMonth(call, started) +
      // Every write changes the table and the index, as does the one that starts the tracking.
      aMonth(PRICES.dynamodbWriteUnits, 2 * (usage.taskWrites.total + started)) +
      aMonth(PRICES.snsPublished, usage.events.total),
  };
}
