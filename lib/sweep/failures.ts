import type { TaskKey } from "../tasks/key.ts";
import type { SweepObserver } from "./dependencies.ts";
import { count, type FailureReason, type SweepSummary } from "./summary.ts";

/** Counts and reports that something failed: for one task, if it is given. */
export type ReportFailure = (reason: FailureReason, error: unknown, task?: TaskKey) => void;

/** Counts failures in a summary, and reports them to an observer. */
export function failureReport(summary: SweepSummary, observer: SweepObserver): ReportFailure {
  return (reason, error, task) => {
    count(summary.failed, reason);
    observer.failed(reason, error, task);
  };
}
