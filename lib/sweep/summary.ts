import type { EnosErrorKind } from "../enos/errors.ts";
import type { TerminalState } from "../tasks/state.ts";

/**
 * Why something in a sweep did not work: EnOS's reasons, and
 * - `secret`: the organisation's credentials cannot be had
 * - `publish`: SNS did not take an event
 * - `read`, `write`: DynamoDB did not give, or take, an item
 */
export type FailureReason = EnosErrorKind | "secret" | "publish" | "read" | "write";

/** What one sweep did. */
export interface SweepSummary {
  /** Shards that this sweep held. */
  shards: number[];
  /** Open tasks read. */
  read: number;
  /** Of these: due now. */
  due: number;
  /** Of these: EnOS was asked. */
  checked: number;
  /** Events that SNS has taken. */
  published: number;
  /** Tasks closed, by how they ended. */
  finished: Partial<Record<TerminalState, number>>;
  /** What did not work, by reason. */
  failed: Partial<Record<FailureReason, number>>;
  /** Due tasks left for the next sweep: no time, or their organisation was stopped. */
  deferred: number;
  /** Items of the index that could not be read as tasks, and were passed over. */
  unreadable: number;
  /** Shards whose lease ran out before they could be given back; another sweep does them again. */
  leasesLost: number;
  /** Why the sweep ended: all done, out of time, or nothing of EnOS could be reached. */
  ended: "done" | "out-of-time" | "enos-unreachable";
  /** How far the shard that waited longest is behind at the end, in seconds; null when none was ever swept. */
  watermarkLagSeconds: number | null;
  durationMs: number;
}

/** The summary of a sweep that has done nothing yet. */
export function emptySummary(): SweepSummary {
  return {
    shards: [],
    read: 0,
    due: 0,
    checked: 0,
    published: 0,
    finished: {},
    failed: {},
    deferred: 0,
    unreadable: 0,
    leasesLost: 0,
    ended: "done",
    watermarkLagSeconds: null,
    durationMs: 0,
  };
}

/** Adds one to a counter that may not be there yet. */
export function count<Key extends string>(counters: Partial<Record<Key, number>>, key: Key): void {
  counters[key] = (counters[key] ?? 0) + 1;
}
