/** One step of a task's life: from `afterMs` after its start it is in this state, until the next step. */
export interface TimelineStep {
  readonly afterMs: number;
  /** The vendor's number: 0 waiting, 1 running, 2 failed, 3 success, 4 cancelling, 5 cancelled, 6 expiring, 7 expired. */
  readonly progressCode: number;
  readonly progressDesc?: string | undefined;
  /** `{taskId}` in it is replaced; null means none; if omitted, codes 3 and 6 get a generated one. */
  readonly downloadUrl?: string | null | undefined;
  /** In bytes; null means none; if omitted, codes 3 and 6 get a generated one. */
  readonly dataSize?: number | null | undefined;
}

/** Steps in ascending order of `afterMs`. */
export type Timeline = readonly TimelineStep[];

/** The default timeline of tasks created through the API. */
export const USUAL_TIMELINE: Timeline = [
  { afterMs: 0, progressCode: 0 },
  { afterMs: 2_000, progressCode: 1 },
  { afterMs: 6_000, progressCode: 3 },
];

const WAITING: TimelineStep = { afterMs: 0, progressCode: 0 };

/** The step that a task is in `elapsedMs` after its start; before its first step it is waiting. */
export function stepAt(timeline: Timeline, elapsedMs: number): TimelineStep {
  let current = WAITING;
  for (const step of timeline) {
    if (step.afterMs > elapsedMs) break;
    current = step;
  }
  return current;
}

/** Whether a task in this state has ended: failed, success, cancelled or expired. */
export function isEnd(progressCode: number): boolean {
  return progressCode === 2 || progressCode === 3 || progressCode === 5 || progressCode === 7;
}

const DESCRIPTIONS = [
  "waiting",
  "downloading",
  "fail",
  "success",
  "cancelling",
  "cancelled",
  "expiring",
  "expired",
];

/** The free text beside a code. */
export function describe(step: TimelineStep): string {
  return step.progressDesc ?? DESCRIPTIONS[step.progressCode] ?? `state ${step.progressCode}`;
}
