import { terminalEvent } from "../events/event.ts";
import {
  type CheckResult,
  type Circumstances,
  type Decision,
  decide,
  type Outcome,
} from "../tasks/decision.ts";
import { lastKnownDue, notEndedBefore } from "../tasks/known-open.ts";
import type { Unfinished } from "../time/unfinished.ts";
import type { Check } from "./check.ts";
import type { CheckDependencies } from "./dependencies.ts";
import type { ReportFailure } from "./failures.ts";
import type { FairQueue } from "./fair-queue.ts";
import { count, type SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";
import { TurnQueue } from "./turn-queue.ts";

/** No call starts while this many outcomes are being published and written: it limits requests to SNS and DynamoDB. */
const MOST_SETTLING = 128;
/** The most tasks that are given up at a time, so that the outcomes of calls can be published as well. */
const MOST_GIVING_UP = 32;
/** No task is given up when less time than this is left of the invocation, in milliseconds. */
const GIVE_UP_MS = 1_500;

/** What results are settled with. */
type SettlerDependencies = Pick<CheckDependencies, "openTasks" | "events" | "schedule" | "now">;

/** Settles what checks have learnt: publishes a terminal state, and only then writes it. */
export class Settler {
  readonly #dependencies: SettlerDependencies;
  readonly #deadlineMs: number;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #queue: Pick<FairQueue<Check>, "hold" | "release">;
  readonly #unfinished: Unfinished;
  readonly #onFailure: ReportFailure;
  /** Tasks that are being announced, by organisation and index key: two checks of a task may end at the same time. */
  readonly #finishing = new Set<string>();
  #settling = 0;
  /** Organisations take turns: a thousand tasks of one do not make another's late. */
  readonly #toGiveUp = new TurnQueue<{ source: string; check: Check }>();
  #givingUp = 0;

  constructor(options: {
    dependencies: SettlerDependencies;
    /** How long a task is tracked at most, in milliseconds. */
    deadlineMs: number;
    summary: SweepSummary;
    time: TimeBudget;
    /** The queue that makes the calls: held while too much is being settled. */
    queue: Pick<FairQueue<Check>, "hold" | "release">;
    unfinished: Unfinished;
    onFailure: ReportFailure;
  }) {
    this.#dependencies = options.dependencies;
    this.#deadlineMs = options.deadlineMs;
    this.#summary = options.summary;
    this.#time = options.time;
    this.#queue = options.queue;
    this.#unfinished = options.unfinished;
    this.#onFailure = options.onFailure;
  }

  /**
   * Begins what follows from a check, and ends the check after that.
   *
   * @param isChecked whether EnOS was asked, and answered
   */
  settle(check: Check, result: CheckResult, isChecked = true): void {
    const circumstances = this.#circumstances(check);
    const decision = decide(check.task, result, circumstances);
    // A check that learns nothing ends here, without a write.
    if (decision.kind === "none") {
      check.onEnd(isChecked);
      return;
    }
    if (++this.#settling === MOST_SETTLING) this.#queue.hold();
    this.#unfinished.add(
      this.#carryOut(check, result, decision, circumstances).then((isSettled) => {
        if (this.#settling-- === MOST_SETTLING) this.#queue.release();
        check.onEnd(isSettled && (isChecked || decision.kind === "finish"));
      }),
    );
  }

  /** Gives up a task that is past its deadline without asking EnOS: its organisation is stuck, or has no room. */
  giveUp(check: Check): void {
    this.#toGiveUp.add({ source: check.orgId, check });
    this.#giveUpNext();
  }

  #giveUpNext(): void {
    while (this.#givingUp < MOST_GIVING_UP) {
      const check = this.#toGiveUp.take()?.check;
      if (!check) return;
      // The next sweep gives up the tasks for which no time is left.
      if (this.#time.remainingMs < GIVE_UP_MS) {
        check.onEnd(false);
        continue;
      }
      const result = { kind: "unanswered" } as const;
      const circumstances = this.#circumstances(check);
      const decision = decide(check.task, result, circumstances);
      this.#givingUp++;
      this.#unfinished.add(
        this.#carryOut(check, result, decision, circumstances).then((isSettled) => {
          this.#givingUp--;
          check.onEnd(isSettled);
          this.#giveUpNext();
        }),
      );
    }
  }

  #circumstances({ checked, source }: Check): Circumstances {
    return {
      now: this.#dependencies.now(),
      deadlineMs: this.#deadlineMs,
      checkedThrough: checked.through,
      wasInIndex: source !== undefined,
    };
  }

  /** Publishes and writes what was decided; false if that failed, or another check is doing it. */
  async #carryOut(
    check: Check,
    result: CheckResult,
    decision: Decision,
    circumstances: Circumstances,
  ): Promise<boolean> {
    const { openTasks } = this.#dependencies;
    const { task } = check;
    if (decision.kind === "finish") {
      const name = `${task.orgId} ${task.indexKey}`;
      if (this.#finishing.has(name)) return false;
      this.#finishing.add(name);
      return this.#finish(check, result, circumstances).finally(() => this.#finishing.delete(name));
    }
    try {
      if (decision.kind === "change") {
        await openTasks.change(task, decision, circumstances.now);
      }
      if (decision.kind === "missing") {
        const { since, checks } = decision;
        const isWritten = await openTasks.missing(task, since, checks, this.#lastKnownDue(check));
        if (!isWritten) await this.#uncertain(check);
      }
      if (decision.kind === "uncertain") await this.#uncertain(check);
      return true;
    } catch (error) {
      this.#onFailure("write", error, task);
      return false;
    }
  }

  /** Writes since when a task's state is unknown, once. The record is read first, since the index may lag. */
  async #uncertain(check: Check): Promise<void> {
    const { openTasks } = this.#dependencies;
    const current = await openTasks.current(check.task);
    if (!current || current.task.uncertainSince !== undefined) return;
    await openTasks.uncertain(check.task, this.#lastKnownDue(check));
  }

  #lastKnownDue({ task, checked }: Check): number {
    return lastKnownDue(this.#dependencies.schedule, task, checked);
  }

  /** Announces and closes a task, if its record still requires it: the index, from which it was read, may lag. */
  async #finish(
    { task: read, checked }: Check,
    result: CheckResult,
    circumstances: Circumstances,
  ): Promise<boolean> {
    const { openTasks, events, schedule } = this.#dependencies;
    const { now } = circumstances;
    let outcome: Outcome;
    let current: Awaited<ReturnType<typeof openTasks.current>>;
    try {
      current = await openTasks.current(read);
      if (!current) return true;
      const decision = decide(current.task, result, circumstances);
      if (decision.kind !== "finish") return true;
      outcome = decision.outcome;
    } catch (error) {
      this.#onFailure("read", error, read);
      return false;
    }
    const { task, carried } = current;
    try {
      const known = notEndedBefore(schedule, task, checked, now);
      await events.publish(terminalEvent(task, outcome, { observedAt: now, notEndedBefore: known }, carried));
      this.#summary.published++;
    } catch (error) {
      this.#onFailure("publish", error, read);
      return false;
    }
    try {
      if (await openTasks.finish(task, outcome, now)) count(this.#summary.finished, outcome.state);
      return true;
    } catch (error) {
      this.#onFailure("write", error, read);
      return false;
    }
  }
}
