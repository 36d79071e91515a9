import type { OpenTask } from "./record.ts";
import { type AbandonReason, isTerminal, type TerminalState, type TrackedState } from "./state.ts";
import type { DownloadStatus } from "./status.ts";

/** A task that EnOS does not know is given up after this long (ms) and this many checks: it may just be new, or EnOS confused. */
const NOT_FOUND_MS = 10 * 60_000;
const NOT_FOUND_CHECKS = 3;
/** Behind for so long, and a task that is given up was out of reach. */
const DAY_MS = 24 * 60 * 60_000;

/** What one check of a task brought. */
export type CheckResult =
  | { kind: "status"; status: DownloadStatus }
  /** EnOS's word that there is no such task. */
  | { kind: "not-found" }
  /** An answer that says nothing of how the task is doing. */
  | { kind: "failed" }
  /** No answer: the task is still to be checked. */
  | { kind: "unanswered" };

/** How a task ended: what is published first, and written second. */
export interface Outcome {
  state: TerminalState;
  /** What EnOS said last; null for a task that was given up. */
  status: DownloadStatus | null;
  reason: AbandonReason | null;
}

/** What follows from a check. */
export type Decision =
  | { kind: "none" }
  /** The task goes on, and something about it is new. */
  | { kind: "change"; state: TrackedState; status: DownloadStatus }
  | { kind: "missing"; since: number; checks: number }
  /** It counts as checked, and it is not known how it is doing. */
  | { kind: "uncertain" }
  | { kind: "finish"; outcome: Outcome };

/** What a decision is made by, beside the task and its check. Times are Unix milliseconds. */
export interface Circumstances {
  now: number;
  /** How long a task is tracked at most, in milliseconds. */
  deadlineMs: number;
  /** Everything that was due of the task up to then was checked. */
  checkedThrough: number;
}

/**
 * From what is recorded and what was seen to what is to be done. A check that brought nothing new is `none`,
 * which costs nothing.
 */
export function decide(task: OpenTask, check: CheckResult, circumstances: Circumstances): Decision {
  const { now, deadlineMs } = circumstances;
  if (check.kind === "status" && isTerminal(check.status.state)) {
    return { kind: "finish", outcome: { state: check.status.state, status: check.status, reason: null } };
  }
  if (isPastDeadline(task, now, deadlineMs)) {
    const isInVain = check.kind === "failed" || check.kind === "unanswered";
    return abandon(isInVain && isUnreachable(task, circumstances) ? "unreachable" : "deadline");
  }
  switch (check.kind) {
    case "unanswered":
      return { kind: "none" };
    case "failed":
      return { kind: "uncertain" };
    case "not-found":
      return missing(task, now);
    case "status":
      if (check.status.state === task.state && !task.notFound && task.uncertainSince === undefined) {
        return { kind: "none" };
      }
      return { kind: "change", state: check.status.state, status: check.status };
  }
}

/** Whether the time for tracking the task is over: the service's, or its own where that is shorter. */
export function isPastDeadline(
  { trackedAt, deadlineAt }: Pick<OpenTask, "trackedAt" | "deadlineAt">,
  now: number,
  deadlineMs: number,
): boolean {
  return now - trackedAt >= deadlineMs || (deadlineAt !== undefined && now >= deadlineAt);
}

/** Whether the task could not be asked about for the last day, or not since it was tracked. */
function isUnreachable({ trackedAt }: OpenTask, { now, checkedThrough }: Circumstances): boolean {
  return checkedThrough <= Math.max(now - DAY_MS, trackedAt);
}

function missing(task: OpenTask, now: number): Decision {
  const since = task.notFound?.since ?? now;
  const checks = (task.notFound?.checks ?? 0) + 1;
  if (checks >= NOT_FOUND_CHECKS && now - since >= NOT_FOUND_MS) return abandon("not-found");
  // Beyond the third check only time is missing, and time needs no writing down.
  return checks > NOT_FOUND_CHECKS ? { kind: "uncertain" } : { kind: "missing", since, checks };
}

function abandon(reason: AbandonReason): Decision {
  return { kind: "finish", outcome: { state: "abandoned", status: null, reason } };
}
