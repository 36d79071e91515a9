import { coverageOf, overlay, watermarkAt } from "../store/coverage.ts";
import { indexEntryOf, parseIndexKey } from "../store/index-key.ts";
import { CLOCK_ERROR_MS } from "../store/shard-store.ts";
import type { TaskKey } from "../tasks/key.ts";
import type { Checked } from "../tasks/known-open.ts";
import type { IndexKey, OpenTask } from "../tasks/record.ts";
import { Breakers } from "./breakers.ts";
import { Checker } from "./checker.ts";
import type { CheckSettings, HintDependencies } from "./dependencies.ts";
import { failureReport } from "./failures.ts";
import { emptySummary, type SweepSummary } from "./summary.ts";
import { TimeBudget } from "./time-budget.ts";

/**
 * What became of a task that a hint named:
 * - `ended`: it has ended, which was announced and written
 * - `open`: it was checked, has not ended, and is tracked
 * - `nothing`: there is nothing to do: it was closed before, its tracking was stopped, or EnOS does not know it
 * - `failed`: it could not be checked, or the result could not be published or written
 */
export type HintOutcome = "ended" | "open" | "nothing" | "failed";

/** The result of checking named tasks. */
export interface HintedChecks {
  /** One for each task, in the same order. */
  outcomes: HintOutcome[];
  summary: SweepSummary;
}

/**
 * Checks named tasks now, whatever the schedule says, with the same calls, rates, health records and guarantees as a
 * sweep. A task that is not tracked yet is tracked from then on, if EnOS knows it.
 *
 * @param remainingMs how long the invocation can still run, in milliseconds
 */
export async function checkHinted(
  dependencies: HintDependencies,
  settings: CheckSettings,
  { tasks, remainingMs }: { tasks: readonly TaskKey[]; remainingMs: number },
): Promise<HintedChecks> {
  const started = performance.now();
  const summary = emptySummary();
  const onFailure = failureReport(summary, dependencies.observer);
  using time = new TimeBudget(remainingMs);
  const { health, now } = dependencies;
  // Health records are only advice. If they cannot be read, the tasks cannot be read either, and each of them fails.
  const records = await health.list(time.signal).catch((error: unknown) => {
    onFailure("read", error);
    return [];
  });
  // Sweeps may be answered although a hint, which comes on top of their calls, is one too many.
  const breakers = new Breakers({ records, now, doLimitsCount: false });
  const checker = new Checker({ dependencies, settings, summary, time, breakers, onFailure });

  /** Resolves with whether the task was checked, and everything that follows was published and written. */
  const check = (task: OpenTask, checked: Checked, adopt?: () => Promise<OpenTask | undefined>) =>
    new Promise<boolean>((resolve) => {
      checker.queue.add({ orgId: task.orgId, task, checked, onEnd: resolve, ...(adopt && { adopt }) });
    });

  const outcomeOf = async (key: TaskKey): Promise<HintOutcome> => {
    const found = await dependencies.openTasks.find(key, now(), time.signal);
    if (found.kind === "closed" || found.kind === "stopped") return "nothing";
    if (found.kind === "open") {
      const { task, shard } = found;
      const isChecked = await check(task, await checkedOf(dependencies, task, shard, time.signal));
      return isChecked ? afterwards(key, "ended") : "failed";
    }
    // Tracking begins before the call that may find the task open.
    const since = now();
    const adopt = async () => {
      await dependencies.taskStore.adopt(key, since);
      const adopted = await dependencies.openTasks.find(key, now());
      // A task that was put meanwhile is not adopted, but checked again: nothing is known of that time of tracking.
      return adopted.kind === "open" && adopted.task.trackedAt <= since ? adopted.task : undefined;
    };
    return (await check(untracked(key, since), NOT_CHECKED, adopt)) ? afterwards(key, "nothing") : "failed";
  };

  /** The outcome of a check, from the table. @param ifUntracked the outcome if there is no record of the task */
  const afterwards = async (key: TaskKey, ifUntracked: "ended" | "nothing"): Promise<HintOutcome> => {
    const { kind } = await dependencies.openTasks.find(key, now());
    if (kind === "open") return "open";
    if (kind === "stopped") return "nothing";
    return kind === "closed" ? "ended" : ifUntracked;
  };

  const results = tasks.map((task) =>
    outcomeOf(task).catch((error): HintOutcome => {
      if (!time.isClosing) onFailure("read", error, task);
      return "failed";
    }),
  );
  await time.outlasts(Promise.all(results).then(() => checker.onIdle()));
  checker.queue.close();
  const unsettled = new Promise<HintOutcome>((resolve) => setImmediate(resolve, "failed"));
  const outcomes = await Promise.all(results.map((result) => Promise.race([result, unsettled])));
  if (time.isClosing) summary.ended = "out-of-time";
  summary.due = tasks.length;
  summary.durationMs = Math.round(performance.now() - started);
  return { outcomes, summary };
}

/**
 * How far sweeps have checked a task. The shard is read before the organisation's record, and sweeps write them in the
 * opposite order: so the result is never further than what was checked.
 */
async function checkedOf(
  { shards, behind, schedule, now }: HintDependencies,
  { orgId, indexKey }: OpenTask,
  number: number,
  signal: AbortSignal,
): Promise<Checked> {
  const shard = await shards.get(number, signal);
  const record = await behind.get(number, shard.sweptBy, orgId, signal);
  const through = watermarkAt(overlay(coverageOf(shard.checkpoint), record?.gaps ?? []), indexKey) ?? 0;
  // If another schedule was used so far, or a clock was wrong, the next sweep determines when the present one began.
  const isTrue = shard.schedule?.id === schedule.id && through <= now() + CLOCK_ERROR_MS;
  const since = isTrue ? shard.schedule?.since : undefined;
  return { through, scheduledSince: since ?? Number.POSITIVE_INFINITY };
}

const NOT_CHECKED: Checked = { through: 0, scheduledSince: 0 };

/** An untracked task, as if it were tracked from now on. */
function untracked(task: TaskKey, now: number): OpenTask {
  const key = parseIndexKey(indexEntryOf(task, now, 1).openKey) as IndexKey;
  return {
    ...task,
    ...key,
    state: "pending",
    notFound: null,
    deadlineAt: undefined,
    uncertainSince: undefined,
  };
}
