import type { OpenTask } from "./record.ts";
import { type AbandonReason, isTerminal, type TerminalState, type TrackedState } from "./state.ts";
import type { DownloadStatus } from "./status.ts";

/** A task that EnOS does not know is given up after this time (ms) and this many checks: it may just be new, or EnOS may be mistaken. */
const NOT_FOUND_MS = 10 * 60_000;
const NOT_FOUND_CHECKS = 3;
/** A task that could not be checked for this long when it is given up was unreachable. */
const UNREACHABLE_MS = 24 * 60 * 60_000;

/** The result of one check of a task. */
export type CheckResult =
  | { kind: "status"; status: DownloadStatus }
  /** EnOS does not know the task. */
  | { kind: "not-found" }
  /** An answer without a usable status. */
  | { kind: "unusable" }
  /** No answer: the task is still to be checked. */
  | { kind: "unanswered" };

/** How a task ended: what is published first, and written second. */
export interface Outcome {
  state: TerminalState;
  /** EnOS's last answer; null for a task that was given up. */
  status: DownloadStatus | null;
  reason: AbandonReason | null;
}

/** What has changed about a task that has not ended. */
export interface StateChange {
  state: TrackedState;
  /** EnOS's answer. */
  status: DownloadStatus;
  /** When it is last known not to have ended, in Unix milliseconds, if it is not checked regularly yet. */
  uncertainSince: number | undefined;
}

/** What follows from a check. */
export type Decision =
  | { kind: "none" }
  /** The task has not ended, and something about it has changed. */
  | ({ kind: "change" } & StateChange)
  | { kind: "missing"; since: number; checks: number }
  /** It counts as checked, but its state is unknown. */
  | { kind: "uncertain" }
  | { kind: "finish"; outcome: Outcome };

/** What else a decision depends on. Times are Unix milliseconds. */
export interface Circumstances {
  now: number;
  /** How long a task is tracked at most, in milliseconds. */
  deadlineMs: number;
  /** Everything that was due of the task up to then was checked. */
  checkedThrough: number;
  /** Whether the index showed the task; it is not checked regularly before. */
  wasInIndex: boolean;
}

/**
 * Decides what follows from a check, given the task's record. A check that learnt nothing new is `none`, which costs
 * nothing.
 */
export function decide(task: OpenTask, check: CheckResult, circumstances: Circumstances): Decision {
  const { now, deadlineMs } = circumstances;
  if (check.kind === "status" && isTerminal(check.status.state)) {
    return { kind: "finish", outcome: { state: check.status.state, status: check.status, reason: null } };
  }
  if (isPastDeadline(task, now, deadlineMs)) {
    const hasNoAnswer = check.kind === "unusable" || check.kind === "unanswered";
    return abandon(hasNoAnswer && isUnreachable(task, circumstances) ? "unreachable" : "deadline");
  }
  switch (check.kind) {
    case "unanswered":
      return { kind: "none" };
    case "unusable":
      return { kind: "uncertain" };
    case "not-found":
      return missing(task, now);
    case "status": {
      const { status } = check;
      const uncertainSince = circumstances.wasInIndex ? undefined : uncertainUntilInIndex(task);
      const isKnown = status.state === task.state && !task.notFound && task.uncertainSince === uncertainSince;
      return isKnown ? { kind: "none" } : { kind: "change", state: status.state, status, uncertainSince };
    }
  }
}

/**
 * Since when it is uncertain whether a task has ended that was found open before the index showed it. Only the next check
 * that begins with the index tells that sweeps see it.
 */
function uncertainUntilInIndex({ state, trackedAt, uncertainSince }: OpenTask): number | undefined {
  return state === "pending" ? (uncertainSince ?? trackedAt) : uncertainSince;
}

/** Whether a deadline of the task has passed: the service's, or its own if that is earlier. */
export function isPastDeadline(
  { trackedAt, deadlineAt }: Pick<OpenTask, "trackedAt" | "deadlineAt">,
  now: number,
  deadlineMs: number,
): boolean {
  return now - trackedAt >= deadlineMs || (deadlineAt !== undefined && now >= deadlineAt);
}

/** Whether the task could not be checked for the last day, or ever. */
function isUnreachable({ trackedAt }: OpenTask, { now, checkedThrough }: Circumstances): boolean {
  return checkedThrough <= Math.max(now - UNREACHABLE_MS, trackedAt);
}

function missing(task: OpenTask, now: number): Decision {
  const since = task.notFound?.since ?? now;
  const checks = (task.notFound?.checks ?? 0) + 1;
  if (checks >= NOT_FOUND_CHECKS && now - since >= NOT_FOUND_MS) return abandon("not-found");
  // After the third check only time has to pass, which needs no write.
  return checks > NOT_FOUND_CHECKS ? { kind: "uncertain" } : { kind: "missing", since, checks };
}

function abandon(reason: AbandonReason): Decision {
  return { kind: "finish", outcome: { state: "abandoned", status: null, reason } };
}
