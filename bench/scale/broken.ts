import { DEFAULT_MAX_INTERVAL_SECONDS } from "../../lib/tasks/schedule.ts";
import { SWEEP_MS } from "./assumptions.ts";
import { number } from "./report.ts";
import type { Minute, Outcome } from "./run.ts";

/** The lag is told in whole seconds. */
const ROUNDING_SECONDS = 1;

/**
 * What in an outcome contradicts the service's promises, in words.
 *
 * @returns nothing when all is as it should be
 */
export function broken({ scenario, minutes, lost }: Outcome): string[] {
  const name = `${scenario.name}, ${number(scenario.tasks)} tasks`;
  const problems = lost > 0 ? [`${name}: ${number(lost)} ends were lost`] : [];
  for (const [index, minute] of minutes.entries()) {
    const { lagSeconds, overdueSeconds } = minute;
    const at = `${name}, minute ${index + 1}`;
    if (scenario.keepsUp && overdueSeconds * 1_000 > SWEEP_MS) {
      problems.push(
        `${at}: a check was overdue by ${number(overdueSeconds)} s, though the settings are meant to keep up`,
      );
    }
    const told = `${at}: told a lag of ${number(lagSeconds)} s`;
    if (lagSeconds + ROUNDING_SECONDS < overdueSeconds) {
      problems.push(`${told}, and a check was overdue by ${number(overdueSeconds)} s`);
    }
    // What a sweep knows of the shards of others is as it was when the sweep began.
    const before = (minutes[index - 1]?.overdueSeconds ?? 0) + SWEEP_MS / 1_000;
    const most = Math.max(overdueSeconds, scenario.sweepers > 1 ? before : 0);
    if (lagSeconds - ROUNDING_SECONDS > most + windowSeconds(minute, scenario.keepsUp)) {
      problems.push(`${told}, and no check was overdue by more than ${number(overdueSeconds)} s`);
    }
  }
  const failed = minutes.flatMap(({ summaries }) => summaries.flatMap((one) => Object.keys(one.failed)));
  // Nothing fails here by itself: it would be the simulation that is wrong.
  if (failed.length > 0) problems.push(`${name}: sweeps failed (${[...new Set(failed)].join(", ")})`);
  return problems;
}

/**
 * What one pass goes over: from one sweep to the next, and to the end of the longest. Where sweeps do not keep up, what
 * they left is a span of keys, in which the first check may have become due as much later as two checks are apart.
 */
function windowSeconds({ summaries }: Minute, keepsUp: boolean): number {
  const pass = (SWEEP_MS + Math.max(...summaries.map(({ durationMs }) => durationMs))) / 1_000;
  return keepsUp ? pass : pass + DEFAULT_MAX_INTERVAL_SECONDS;
}
