/** Everything that the simulation takes for granted, in one place. */

/** What one thing costs the processor of a sweep, in microseconds of a full vCPU. */
export const CPU_US = {
  /** One item read from the index, parsed, and held against the schedule. `npm run bench` measures 4 to 6. */
  itemRead: 5,
  /** One call to EnOS, signed, sent, answered and parsed. `npm run bench` measures 45 to 70. */
  check: 70,
  /** One query of the index, beside its items. `npm run bench` measures this and what follows, too. */
  query: 480,
  /** One conditional update. */
  write: 530,
  /** One consistent read of an item. */
  current: 350,
  /** One event's share of a call to SNS, which takes ten. */
  event: 100,
};

/** How long the neighbours take to answer, in milliseconds. */
export const LATENCY_MS = {
  /** A page of 1,000 items of the index: it is 109 KB, so more than the single digits of a small read. */
  page: 15,
  /** One item read or written: "single-digit millisecond", https://aws.amazon.com/dynamodb/. */
  item: 8,
  /** A batch of events: 20 ms that the publisher waits for others to share it, and SNS's answer. */
  event: 35,
  /** EnOS's answer, uniform between the two: within one region, over a kept connection. */
  status: { least: 40, most: 60 },
};

/**
 * Memory at which Lambda gives one full vCPU, in MB; in proportion below. JavaScript uses no second one.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
export const MEMORY_OF_A_VCPU = 1_769;

/** From one start of the sweeps to the next, in milliseconds. */
export const SWEEP_MS = 60_000;

/** How long the sweep's invocation may run, in milliseconds: its `timeout` in `infra/functions.yml`. */
export const INVOCATION_MS = 60_000;

/** How long a call of `track` that starts to track a task runs, in milliseconds: two small calls to DynamoDB. */
export const TRACK_CALL_MS = 30;
