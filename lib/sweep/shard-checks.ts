import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";
import type { SweepDependencies } from "./dependencies.ts";
import type { ShardBacklogs } from "./shard-backlogs.ts";
import type { SweepSummary } from "./summary.ts";
import type { Suspects } from "./suspects.ts";
import type { TimeBudget } from "./time-budget.ts";

/** Time reserved at the sweep's end to write the record of one organisation that is behind, in milliseconds. */
const CHANGE_MS = 1;
/** The same for each gap that it had. */
const GAP_MS = 0.02;

/** The checks of one shard's tasks: makes them, knows which are under way, and notes in the backlogs how they end. */
export class ShardChecks {
  readonly #shard: number;
  readonly #backlogs: ShardBacklogs;
  readonly #breakers: Pick<Breakers, "stuck">;
  readonly #summary: SweepSummary;
  readonly #time: Pick<TimeBudget, "reserve">;
  readonly #suspects: Pick<Suspects, "count">;
  /** Organisations whose records will probably have to be written. */
  readonly #changing = new Set<string>();
  /** Index keys of tasks that were taken on out of turn. */
  readonly #takenOutOfTurn = new Set<string>();
  #underWay = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: {
    shard: number;
    backlogs: ShardBacklogs;
    breakers: Pick<Breakers, "stuck">;
    summary: SweepSummary;
    time: Pick<TimeBudget, "reserve">;
    dependencies: Pick<SweepDependencies, "suspects">;
  }) {
    this.#shard = options.shard;
    this.#backlogs = options.backlogs;
    this.#breakers = options.breakers;
    this.#summary = options.summary;
    this.#time = options.time;
    this.#suspects = options.dependencies.suspects;
  }

  /** The check of a task that is due. If it cannot be checked, its organisation stays behind. */
  of(task: OpenTask, checked: Checked): Check {
    const backlog = this.#backlogs.of(task.orgId);
    const number = backlog.take();
    // One closure for each check, of as few variables as possible, since tens of thousands of them are queued.
    const onEnd = (isChecked: boolean) => {
      if (!isChecked) {
        this.#summary.deferred++;
        const unanswered = this.#suspects.count(task);
        backlog.leaveOut({ key: task.indexKey, number, watermark: checked.through, unanswered });
      }
      // No write is to be expected for an organisation that stays behind as its record says.
      const isNews = isChecked ? backlog.record : !backlog.record || this.#breakers.stuck(task.orgId);
      if (isNews) this.expectChange(task.orgId);
      this.#ended();
    };
    this.#underWay++;
    return { orgId: task.orgId, source: this.#shard, task, checked, onEnd };
  }

  /** The check of a task that further passes do not take on: it is past its deadline, or a probe uses it. */
  outOfTurn(task: OpenTask, checked: Checked): Check {
    this.#takenOutOfTurn.add(task.indexKey);
    return this.of(task, checked);
  }

  /** Whether a task was taken on {@link outOfTurn}. */
  isTakenOutOfTurn({ indexKey }: OpenTask): boolean {
    return this.#takenOutOfTurn.has(indexKey);
  }

  /** The check of a task that is not due: nothing is left to do if it cannot be checked. */
  early(task: OpenTask, checked: Checked): Check {
    const { orgId } = task;
    const onEnd = (isChecked: boolean) => {
      if (isChecked) this.expectChange(orgId);
      this.#ended();
    };
    this.#underWay++;
    return { orgId, source: this.#shard, task, checked, onEnd };
  }

  /** Keeps time to write the record of an organisation at the end. */
  expectChange(orgId: string): void {
    if (this.#changing.has(orgId)) return;
    this.#changing.add(orgId);
    const gaps = this.#backlogs.get(orgId)?.record?.gaps.length ?? 0;
    this.#time.reserve(CHANGE_MS + gaps * GAP_MS);
  }

  /** Whether none is under way. */
  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  /** Resolves when none is under way. */
  onIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  #ended(): void {
    if (--this.#underWay > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
