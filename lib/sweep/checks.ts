import { EnosError } from "../enos/errors.ts";
import { terminalEvent } from "../events/event.ts";
import { type CheckResult, type Decision, decide, isPastDeadline } from "../tasks/decision.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import type { Verdict } from "./fair-queue.ts";
import { count, type FailureReason, type SweepSummary } from "./summary.ts";

/** Outcomes that may be published and written at a time: what SNS and DynamoDB are asked for at once. */
const MOST_SETTLING = 128;

/** Looks at single tasks: learns from EnOS, publishes what is final, and only then writes it down. */
export class Examination {
  readonly #parts: SweepDependencies;
  readonly #settings: SweepSettings;
  readonly #summary: SweepSummary;
  readonly #signal: AbortSignal;
  readonly #onSkipped: (task: OpenTask) => void;
  readonly #settling = new Set<Promise<void>>();
  #ownFaults = 0;

  constructor(
    parts: SweepDependencies,
    settings: SweepSettings,
    summary: SweepSummary,
    signal: AbortSignal,
    onSkipped: (task: OpenTask) => void,
  ) {
    this.#parts = parts;
    this.#settings = settings;
    this.#summary = summary;
    this.#signal = signal;
    this.#onSkipped = onSkipped;
  }

  /** How often something of ours, not of EnOS, did not work: SNS or DynamoDB. */
  get ownFaults(): number {
    return this.#ownFaults;
  }

  /** Resolves when nothing is being published or written any more. */
  async settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling);
  }

  /** Asks EnOS how a task is doing, and sets going what follows. Never rejects. */
  async check(task: OpenTask): Promise<Verdict> {
    let check: CheckResult;
    let verdict: Verdict = "answered";
    try {
      const status = await this.#parts.enos.getDownloadStatus(task, {
        signal: this.#signal,
        // A slot that waits is a slot that another organisation cannot use.
        singleAttempt: true,
      });
      check = { kind: "status", status };
    } catch (error) {
      if (this.#signal.aborted) {
        this.#onSkipped(task);
        return "answered";
      }
      const failure = error as Error;
      verdict = verdictOf(failure);
      check = isNotFound(failure) ? { kind: "not-found" } : { kind: "failed" };
      if (check.kind === "failed") {
        const reason = failure instanceof EnosError ? failure.kind : "secret";
        this.#failed(reason, failure, task);
        if (verdict === "stop") this.#parts.observer.stopped(task.orgId, reason);
      }
    }
    this.#summary.checked++;
    const settling = this.#settle(task, check);
    // Beyond that a check keeps its place until its outcome is out, so that checking does not outrun writing.
    if (this.#settling.size >= MOST_SETTLING) await settling;
    return verdict;
  }

  /** Gives up a task whose deadline has passed, where EnOS cannot be asked. False when it is not its time yet. */
  giveUp(task: OpenTask): boolean {
    if (!isPastDeadline(task, this.#parts.now(), this.#settings.deadlineMs)) return false;
    this.#settle(task, { kind: "failed" });
    return true;
  }

  /** A failure on our side: the shard must be swept over the same window again. */
  failedOurselves(reason: FailureReason, error: Error, task?: OpenTask): void {
    this.#ownFaults++;
    this.#failed(reason, error, task);
  }

  #failed(reason: FailureReason, error: Error, task?: OpenTask): void {
    count(this.#summary.failed, reason);
    this.#parts.observer.failed(reason, error, task);
  }

  /** Sets going what follows from a check; resolves when it is published and written, or has failed. */
  #settle(task: OpenTask, check: CheckResult): Promise<void> {
    const now = this.#parts.now();
    const decision = decide(task, check, now, this.#settings.deadlineMs);
    // A check that learns nothing ends here, and costs nothing.
    if (decision.kind === "none") return Promise.resolve();
    const settling = this.#carryOut(task, decision, now).finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
    return settling;
  }

  async #carryOut(task: OpenTask, decision: Decision, now: number): Promise<void> {
    const { tasks, events } = this.#parts;
    if (decision.kind === "finish") {
      try {
        await events.publish(terminalEvent(task, decision.outcome, now));
        this.#summary.published++;
      } catch (error) {
        return this.failedOurselves("publish", error as Error, task);
      }
    }
    try {
      if (decision.kind === "change") await tasks.change(task, decision.state, decision.status, now);
      if (decision.kind === "missing") await tasks.missing(task, decision.since, decision.checks);
      if (decision.kind === "finish") {
        const closed = await tasks.finish(task, decision.outcome, now);
        if (closed) count(this.#summary.finished, decision.outcome.state);
      }
    } catch (error) {
      this.failedOurselves("write", error as Error, task);
    }
  }
}

function verdictOf(error: Error): Verdict {
  if (!(error instanceof EnosError)) return "stop";
  switch (error.kind) {
    case "credentials":
    case "address-refused":
    case "throttled":
      return "stop";
    case "timeout":
    case "unreachable":
      return "no-answer";
    case "upstream":
      // With a code it is EnOS that speaks, of this one task; without, it is a gateway with nothing behind it.
      return error.code === undefined ? "no-answer" : "answered";
    default:
      return "answered";
  }
}

function isNotFound(error: Error): boolean {
  return error instanceof EnosError && error.kind === "rejected" && (error.code ?? 0) % 1000 === 404;
}
