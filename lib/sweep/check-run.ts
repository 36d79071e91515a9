import type { Breakers } from "./breakers.ts";
import { type Check, Checks, unasked } from "./checks.ts";
import type { CheckDependencies, CheckSettings } from "./dependencies.ts";
import { FairQueue } from "./fair-queue.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** What makes the checks of one invocation. */
export interface CheckRun {
  queue: FairQueue<Check>;
  checks: Checks;
}

/** Opens a queue that makes checks until the time is over. Those that are still queued then are reported as unasked. */
export function openCheckRun(options: {
  dependencies: CheckDependencies;
  settings: CheckSettings;
  summary: SweepSummary;
  time: TimeBudget;
  breakers: Breakers;
}): CheckRun {
  const { concurrency, requestsPerSecond } = options.settings;
  const { time } = options;
  const queue: FairQueue<Check> = new FairQueue<Check>({
    concurrency,
    requestsPerSecond,
    work: (check) => checks.check(check),
    onSkipped: unasked,
    paces: options.dependencies.paces,
  });
  const checks: Checks = new Checks({ ...options, queue });
  if (time.isClosing) queue.close();
  else time.signal.addEventListener("abort", () => queue.close());
  return { queue, checks };
}
