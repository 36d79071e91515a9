import { SEGMENTS } from "../../lib/store/index-key.ts";
import { PRICES } from "./prices.ts";

/** The price of a million checks made in one way, in dollars. */
export interface Price {
  name: string;
  /** What is paid for, in words. */
  consists: string;
  dollars: number;
}

/** Measurements of the service's sweeps. Seconds are those of whole invocations. */
export interface SweepUse {
  /** Open tasks read for each check that is made. */
  readsPerCheck: number;
  /** Bytes of an item of the index. */
  itemBytes: number;
  secondsPerCheck: number;
  secondsPerItemNotDue: number;
  /** The function's memory, in GB. */
  memoryGb: number;
  /** Checks and shards in one sweep: what a sweep costs once is divided by its checks. */
  checksPerSweep: number;
  shards: number;
}

const MILLION = 1_000_000;
/** DynamoDB counts reads in 4 KB, and an eventually consistent read half. */
const READ_UNIT_BYTES = 4096;
const EVENTUALLY_CONSISTENT = 0.5;

/** The service's price: reads of the index, the sweep's duration, and a fixed cost for each sweep. */
export function sweepPrice(use: SweepUse): Price {
  const readUnits = (use.readsPerCheck * use.itemBytes * EVENTUALLY_CONSISTENT) / READ_UNIT_BYTES;
  const seconds = use.secondsPerCheck + (use.readsPerCheck - 1) * use.secondsPerItemNotDue;
  // A lease and a release of each shard, one read of their records, and rounding up for each part of the index.
  const perSweep =
    (2 * use.shards * PRICES.dynamodbWriteUnits +
      (1 + use.shards * SEGMENTS * EVENTUALLY_CONSISTENT) * PRICES.dynamodbReadUnits +
      PRICES.lambdaRequests +
      PRICES.schedulerInvocations) /
    use.checksPerSweep;
  return {
    name: "this service",
    consists: `${use.readsPerCheck.toFixed(1)} items of ${use.itemBytes} B read, ${(seconds * 1e6).toFixed(0)} µs of ${use.memoryGb} GB, its share of a sweep`,
    dollars:
      readUnits * PRICES.dynamodbReadUnits +
      seconds * use.memoryGb * PRICES.lambdaGbSecond * MILLION +
      perSweep,
  };
}

/** The peers' prices: each check is an invocation of a function with the least memory, as long as a bare call. */
export function peerPrices(secondsPerCall: number): Price[] {
  const gb = 0.125;
  const call = PRICES.lambdaRequests + secondsPerCall * gb * PRICES.lambdaGbSecond * MILLION;
  const invocation = `an invocation of ${(secondsPerCall * 1000).toFixed(1)} ms at 128 MB`;
  return [
    {
      name: "one EventBridge schedule per task",
      consists: `a schedule's invocation, ${invocation}`,
      dollars: PRICES.schedulerInvocations + call,
    },
    {
      name: "Lambda durable function per task",
      consists: `a step and a wait, ${invocation}`,
      dollars: 2 * PRICES.durableOperations + call,
    },
    {
      name: "Step Functions wait loop",
      consists: `three state transitions (wait, check, choose), ${invocation}`,
      dollars: 3 * PRICES.stateTransitions + call,
    },
  ];
}
