import { number } from "./figures.ts";
import type { Outcome } from "./run.ts";

/**
 * What in an outcome contradicts the service's promises, in words.
 *
 * @returns nothing when all is as it should be
 */
export function broken({ scenario, minutes, missed }: Outcome): string[] {
  const name = `${scenario.name}, ${number(scenario.tasks)} tasks`;
  const problems: string[] = [];
  if (missed.lost > 0) problems.push(`${name}: ${number(missed.lost)} ends were lost`);
  if (scenario.keepsUp && missed.overdue > 0) {
    problems.push(
      `${name}: ${number(missed.overdue)} ends are overdue, though the settings are meant to keep up`,
    );
  }
  const failed = minutes.flatMap(({ summaries }) => summaries.flatMap((one) => Object.keys(one.failed)));
  // Nothing fails here by itself: it would be the simulation that is wrong.
  if (failed.length > 0) problems.push(`${name}: sweeps failed (${[...new Set(failed)].join(", ")})`);
  return problems;
}
