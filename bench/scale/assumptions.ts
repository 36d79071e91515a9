/** Everything that the simulation assumes. The CPU times are round figures of what `npm run bench` measures. */

/** The CPU time of the sweep's operations, in microseconds of a full vCPU. */
export const CPU_US = {
  /** An item of the index: read, parsed, and compared with the schedule. */
  itemRead: 5,
  /** A call to EnOS: signed, sent, answered and parsed. */
  check: 70,
  /** A query of the index, without its items. */
  query: 480,
  /** A conditional update. */
  write: 530,
  /** A consistent read of an item. */
  current: 350,
  /** One event of a batch of ten. */
  event: 100,
};

/** Latencies, in milliseconds. */
export const LATENCY_MS = {
  /** A page of 1,000 items, 109 KB: more than the single digits of a small read. */
  page: 15,
  /** An item read or written: "single-digit millisecond", https://aws.amazon.com/dynamodb/. */
  item: 8,
  /** A batch of events: the publisher collects for 20 ms, then SNS answers. */
  event: 35,
  /** EnOS, uniformly distributed: in the same region, over an open connection. */
  status: { least: 40, most: 60 },
};

/**
 * The memory for which Lambda provides one vCPU, in MB; less memory gets a proportional share, and JavaScript cannot
 * use a second vCPU. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
export const MEMORY_OF_A_VCPU = 1_769;

/** The time between two scheduled sweeps, and the timeout of one (`infra/functions.yml`), in milliseconds. */
export const SWEEP_MS = 60_000;
export const INVOCATION_MS = 60_000;

/** The duration of a call that starts to track a task, in milliseconds: two small calls to DynamoDB. */
export const TRACK_CALL_MS = 30;
