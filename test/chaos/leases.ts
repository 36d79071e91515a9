import { shardOf, stepOf } from "../../local/harness/aws-call.ts";
import type { Observed } from "../../local/harness/aws-proxy.ts";

/** A lease of a shard. Times are Unix milliseconds. */
export interface Holding {
  shard: number;
  owner: string;
  /** When the lease was granted. */
  from: number;
  /** When it was released or ran out. */
  to: number;
}

/** The leases that were granted to a sweeper, according to its calls to DynamoDB and their answers. */
export function holdingsOf(observed: readonly Observed[]): Holding[] {
  const holdings: Holding[] = [];
  for (const { call, arrivedAt, answered } of observed) {
    const step = stepOf(call);
    if ((step !== "lease" && step !== "release") || answered?.httpStatus !== 200) continue;
    const shard = shardOf(call.input) as number;
    const values = call.input.ExpressionAttributeValues as Record<string, { S?: string; N?: string }>;
    const owner = values[":sweep"]?.S;
    if (!owner) throw new Error(`a ${step} of shard ${shard} does not name its sweep`);
    if (step === "lease") {
      holdings.push({ shard, owner, from: answered.at, to: Number(values[":until"]?.N) });
    } else {
      const held = holdings.findLast((each) => each.shard === shard && each.owner === owner);
      // Free from the request on: the next sweep may hold it before the answer has arrived.
      if (held) held.to = Math.min(held.to, arrivedAt);
    }
  }
  return holdings;
}

/** Pairs of leases of one shard by different owners, of which the later was granted while the earlier still held. */
export function overlaps(holdings: readonly Holding[]): string[] {
  const sorted = holdings.toSorted((a, b) => a.from - b.from);
  return sorted.flatMap((later, index) =>
    sorted
      .slice(0, index)
      .filter(({ shard, owner, to }) => shard === later.shard && owner !== later.owner && to > later.from)
      .map(({ to }) => `shard ${later.shard} was leased again ${to - later.from} ms before it was free`),
  );
}

/** Reads of a shard's tasks by a sweeper that did not hold the shard. */
export function readsWithoutLease(observed: readonly Observed[]): string[] {
  const holdings = holdingsOf(observed);
  return observed
    .filter(({ call }) => stepOf(call) === "read")
    .flatMap(({ call, arrivedAt }) => {
      const values = call.input.ExpressionAttributeValues as Record<string, { N?: string }>;
      const shard = Number(values[":shard"]?.N);
      const held = holdings.some(
        (each) => each.shard === shard && each.from <= arrivedAt && arrivedAt <= each.to,
      );
      return held ? [] : [`shard ${shard} was read by a sweeper that did not hold it`];
    });
}
