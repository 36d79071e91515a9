import { DEFAULT_MAX_INTERVAL_SECONDS } from "../../lib/tasks/schedule.ts";
import { SWEEP_MS } from "./assumptions.ts";
import { number } from "./report.ts";
import type { Minute, Outcome } from "./run.ts";

/** The service reports its lag in whole seconds. */
const ROUNDING_SECONDS = 1;

/** What in an outcome contradicts the service's promises, in words; empty if nothing does. */
export function broken({ scenario, minutes, lost }: Outcome): string[] {
  const name = `${scenario.name}, ${number(scenario.tasks)} tasks`;
  const problems = lost > 0 ? [`${name}: ${number(lost)} ends were lost`] : [];
  for (const [index, minute] of minutes.entries()) {
    const { lagSeconds, overdueSeconds } = minute;
    const at = `${name}, minute ${index + 1}`;
    const overdue = `overdue by ${number(overdueSeconds)} s`;
    if (scenario.keepsUp && overdueSeconds * 1_000 > SWEEP_MS) {
      problems.push(`${at}: a check was ${overdue}, although the settings are meant to keep up`);
    }
    const reported = `${at}: the reported lag was ${number(lagSeconds)} s`;
    if (lagSeconds + ROUNDING_SECONDS < overdueSeconds) {
      problems.push(`${reported}, but a check was ${overdue}`);
    }
    // A sweep knows the other sweepers' shards only as they were when it started.
    const before = (minutes[index - 1]?.overdueSeconds ?? 0) + SWEEP_MS / 1_000;
    const most = Math.max(overdueSeconds, scenario.sweepers > 1 ? before : 0);
    if (lagSeconds - ROUNDING_SECONDS > most + windowSeconds(minute, scenario.keepsUp)) {
      problems.push(`${reported}, but no check was overdue by more than ${number(overdueSeconds)} s`);
    }
  }
  const failed = minutes.flatMap(({ summaries }) => summaries.flatMap((one) => Object.keys(one.failed)));
  // Nothing fails by itself here: the simulation would be wrong.
  if (failed.length > 0) problems.push(`${name}: sweeps failed (${[...new Set(failed)].join(", ")})`);
  return problems;
}

/**
 * The window of one pass: from one sweep to the next, plus the longest sweep. Sweeps that do not keep up leave a range
 * of keys behind, in which the first check may have become due later by up to the longest interval between two checks.
 */
function windowSeconds({ summaries }: Minute, keepsUp: boolean): number {
  const pass = (SWEEP_MS + Math.max(...summaries.map(({ durationMs }) => durationMs))) / 1_000;
  return keepsUp ? pass : pass + DEFAULT_MAX_INTERVAL_SECONDS;
}
