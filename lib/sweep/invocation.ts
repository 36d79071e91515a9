import type { Breakers } from "./breakers.ts";
import type { ReportFailure } from "./failures.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** What all checks of one invocation share. */
export interface Invocation<Dependencies, Settings> {
  dependencies: Dependencies;
  settings: Settings;
  summary: SweepSummary;
  time: TimeBudget;
  breakers: Breakers;
  onFailure: ReportFailure;
}
