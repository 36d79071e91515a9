import type { StuckReason } from "../store/health-store.ts";
import type { TerminalState } from "../tasks/state.ts";
import type { CallFailure } from "./call-result.ts";

/**
 * Why something in a sweep failed: a call's reasons, and
 * - `publish`: SNS did not accept an event
 * - `read`, `write`: DynamoDB did not read or write an item
 */
export type FailureReason = CallFailure | "publish" | "read" | "write";

/** Reasons for failure that lie with AWS or with this service, not with EnOS. */
export const OWN_ERRORS = [
  "secret",
  "publish",
  "read",
  "write",
  "internal",
] as const satisfies FailureReason[];

/** Why an organisation is behind: it is stuck, or needed more calls than time and rate allowed. */
export type BehindReason = StuckReason | "busy";

/** What one sweep did. */
export interface SweepSummary {
  /** Shards that this sweep held. */
  shards: number[];
  /** Open tasks read. */
  read: number;
  /** The age of the youngest of them, in milliseconds; null when there were none. */
  youngestAgeMs: number | null;
  /** Open tasks that were due. */
  due: number;
  /** Calls to EnOS that were answered, about one task each. */
  checked: number;
  /** Events that SNS has accepted. */
  published: number;
  /** Tasks closed, by how they ended. */
  finished: Partial<Record<TerminalState, number>>;
  /** Failures, by reason. */
  failed: Partial<Record<FailureReason, number>>;
  /** Due tasks left for the next sweep: no time, no room, a stuck organisation, or a check that failed. */
  deferred: number;
  /** Items of the index that could not be read as tasks and were skipped. */
  unreadable: number;
  /** Shards whose lease ran out before they could be released; another sweep repeats them. */
  leasesLost: number;
  /** Organisations and gateways that are stuck at the end and still have open tasks, by reason. */
  stuck: Partial<Record<StuckReason, number>>;
  /** Organisations that are behind in this sweep's shards at the end, by reason. */
  behind: Partial<Record<BehindReason, number>>;
  /** Why the sweep ended: all done, or out of time. */
  ended: "done" | "out-of-time";
  /**
   * How far the least watermark of all shards, and of the organisations that are behind in them, is in the past, in
   * seconds. A shard that was never swept counts from its announcement. Null if nothing was ever tracked.
   */
  watermarkLagSeconds: number | null;
  /** The same without organisations that are stuck. */
  answeringLagSeconds: number | null;
  /** Open tasks in all shards, estimated if there are many; null while unknown. */
  openTasks: number | null;
  durationMs: number;
}

/** The summary of a sweep that has done nothing yet. */
export function emptySummary(): SweepSummary {
  return {
    shards: [],
    read: 0,
    youngestAgeMs: null,
    due: 0,
    checked: 0,
    published: 0,
    finished: {},
    failed: {},
    deferred: 0,
    unreadable: 0,
    leasesLost: 0,
    stuck: {},
    behind: {},
    ended: "done",
    watermarkLagSeconds: null,
    answeringLagSeconds: null,
    openTasks: null,
    durationMs: 0,
  };
}

/** Adds to a counter that may not be there yet. */
export function count<Key extends string>(counters: Partial<Record<Key, number>>, key: Key, times = 1): void {
  counters[key] = (counters[key] ?? 0) + times;
}
