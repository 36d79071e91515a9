import { SEGMENTS } from "../../lib/store/index-key.ts";
import { PRICES } from "./prices.ts";

/** What a million checks cost by one way to make them, in dollars. */
export interface Price {
  name: string;
  /** What is paid for, in words. */
  consists: string;
  dollars: number;
}

/** What was measured of the service's sweeps. Seconds are of a whole invocation's time. */
export interface SweepUse {
  /** Open tasks read for each check that is made. */
  readsPerCheck: number;
  /** Bytes of an item of the index. */
  itemBytes: number;
  secondsPerCheck: number;
  secondsPerItemNotDue: number;
  /** The function's memory, in GB. */
  memoryGb: number;
  /** Checks in one sweep, and shards of one sweep: what happens once a sweep is shared by its checks. */
  checksPerSweep: number;
  shards: number;
}

const MILLION = 1_000_000;
/** DynamoDB counts reads in 4 KB, and a read that need not be consistent half. */
const READ_UNIT_BYTES = 4096;
const EVENTUALLY_CONSISTENT = 0.5;

/** The service's price: reads of the index, the sweep's time, and what each sweep costs once. */
export function sweepPrice(use: SweepUse): Price {
  const readUnits = (use.readsPerCheck * use.itemBytes * EVENTUALLY_CONSISTENT) / READ_UNIT_BYTES;
  const seconds = use.secondsPerCheck + (use.readsPerCheck - 1) * use.secondsPerItemNotDue;
  // A lease and a release of each shard, and one read of their records; each part of an index that is read is rounded up.
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

/** The peers' prices: each check is an invocation of a function of the least memory, for as long as a bare call. */
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
