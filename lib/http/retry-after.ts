import type { TrackedTask } from "../tasks/record.ts";
import type { Schedule } from "../tasks/schedule.ts";
import { isTerminal, type TrackedState } from "../tasks/state.ts";

/** The header that says after how many seconds asking again is worth it; none for a task that has ended. */
export function retryAfter({ state }: { state: TrackedState }, seconds: number): Record<string, string> {
  return isTerminal(state) ? {} : { "retry-after": String(Math.ceil(seconds)) };
}

/** When a record may have changed: after the interval at which a task of this age is checked, in seconds. */
export function checkIntervalSeconds(
  { trackedAt }: Pick<TrackedTask, "trackedAt">,
  schedule: Schedule,
  now: number,
): number {
  return schedule.interval(Math.max(0, now - Date.parse(trackedAt))) / 1000;
}
