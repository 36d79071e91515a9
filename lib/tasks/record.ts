import type { Carried } from "./carried.ts";
import type { TaskKey } from "./key.ts";
import type { AbandonReason, TrackedState } from "./state.ts";

/** What is encoded in a task's key in the index of open tasks. */
export interface IndexKey {
  /** The key itself. */
  indexKey: string;
  /** Unix milliseconds. */
  trackedAt: number;
  /** The task's shift of the schedule, in [0, 1). */
  offset: number;
}

/** An open task, as the index gives it to a sweep. Times are Unix milliseconds. */
export interface OpenTask extends TaskKey, IndexKey {
  state: TrackedState;
  /** Since when EnOS does not know the task, and in how many checks; null while it does. */
  notFound: { since: number; checks: number } | null;
  /** The task's own deadline; undefined where only the service's counts. */
  deadlineAt: number | undefined;
  /**
   * When it was last known not to have ended, before its checks began to be without a usable answer; undefined while
   * they have one.
   */
  uncertainSince: number | undefined;
}

/** A tracked task's record, as callers see it. Times are ISO 8601. */
export interface TrackedTask extends TaskKey, Carried {
  trackedAt: string;
  /** When tracking gives up, if the caller has set that; null if only the service's own deadline applies. */
  deadlineAt: string | null;
  state: TrackedState;
  stateSince: string;
  /**
   * Since when EnOS does not know the task, and in how many checks, counted to three; null while EnOS knows it, and
   * once the task has ended. After ten minutes and three checks the task is abandoned.
   */
  notFound: { since: string; checks: number } | null;
  progressCode: number | null;
  progressDesc: string | null;
  downloadUrl: string | null;
  dataSize: number | null;
  finishedAt: string | null;
  reason: AbandonReason | null;
}
