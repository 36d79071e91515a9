import { fingerprint } from "../enos/credentials.ts";
import { terminalEvent } from "../events/event.ts";
import {
  type CheckResult,
  type Circumstances,
  type Decision,
  decide,
  type Outcome,
} from "../tasks/decision.ts";
import type { TaskKey } from "../tasks/key.ts";
import { lastKnownDue, notEndedBefore } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";
import { type Breakers, type HealthChange, isProbeDue, nextProbe } from "./breakers.ts";
import { type CallResult, resultOfError } from "./call-result.ts";
import type { CheckDependencies, CheckSettings } from "./dependencies.ts";
import type { FairQueue } from "./fair-queue.ts";
import { SecondOpinions } from "./second-opinions.ts";
import { count, type FailureReason, type SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** No call starts while this many outcomes are being published and written: it limits requests to SNS and DynamoDB. */
const MOST_SETTLING = 128;
/** The most tasks that are given up at a time, so that the outcomes of calls can be published as well. */
const MOST_GIVING_UP = 32;
/** No task is given up when less time than this is left of the invocation, in milliseconds. */
const GIVE_UP_MS = 1_500;

type CallWithoutAnswer = Extract<CallResult, { kind: "unanswered" | "refused" }>;

/** One task to check, and the functions that are told the result. */
export interface Check {
  orgId: string;
  /** The shard in which a sweep read the task; undefined if it was found otherwise. */
  source?: number;
  task: OpenTask;
  /** Every check of the task that was due up to this time was made, in Unix milliseconds. */
  checkedThrough: number;
  /** Since when its checks have followed the present schedule, in Unix milliseconds. */
  scheduledSince: number;
  /** Whether the call is the probe of a stuck organisation or gateway. */
  isProbe?: boolean;
  /** Whether the call finds out if a gateway that counts as stuck answers this organisation. */
  isSecondOpinion?: boolean;
  /** Whether the task was drawn from all of its organisation's tasks, to find out if the organisation is stuck. */
  isWitness?: boolean;
  /** For an untracked task that EnOS turns out to know: tracks it. Resolves with undefined if that is not possible. */
  adopt?: () => Promise<OpenTask | undefined>;
  /** Called once, at the end: whether the task was checked, and everything that follows was published and written. */
  onEnd: (isChecked: boolean) => void;
  /** Called instead if EnOS was not asked or had no time to answer. By default, `onEnd` is called with false. */
  onUnasked?: () => void;
}

/** Reports that a check was not made. */
export function unasked({ onEnd, onUnasked = () => onEnd(false) }: Check): void {
  onUnasked();
}

/** Checks single tasks: asks EnOS, publishes a terminal state, and only then writes it. */
export class Checks {
  readonly #dependencies: CheckDependencies;
  readonly #settings: CheckSettings;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #breakers: Breakers;
  readonly #queue: FairQueue<Check>;
  readonly secondOpinions: SecondOpinions;
  readonly #pending = new Set<Promise<void>>();
  /** Tasks that are being announced, by organisation and index key: two checks of a task may end at the same time. */
  readonly #finishing = new Set<string>();
  /** Organisations for which one more task is being checked, to find out if they are stuck. */
  readonly #inDoubt = new Set<string>();
  /** The last write of each health record: two writes of one record must not overtake each other. */
  readonly #healthWrites = new Map<string, Promise<void>>();
  #settling = 0;
  #toGiveUp: Check[] = [];
  #givingUp = 0;

  constructor(options: {
    dependencies: CheckDependencies;
    settings: CheckSettings;
    summary: SweepSummary;
    time: TimeBudget;
    breakers: Breakers;
    /** The queue that makes the calls. */
    queue: FairQueue<Check>;
  }) {
    this.#dependencies = options.dependencies;
    this.#settings = options.settings;
    this.#summary = options.summary;
    this.#time = options.time;
    this.#breakers = options.breakers;
    this.#queue = options.queue;
    this.secondOpinions = new SecondOpinions(options);
  }

  /** Resolves when nothing is being published or written any more. */
  async onIdle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Asks EnOS for a task's status, and starts what follows. Resolves with whether EnOS answered. */
  async check(check: Check): Promise<boolean> {
    const { task } = check;
    const failed = this.#time.isClosing ? undefined : await this.#readCredentials(task);
    if (this.#isToWait(check)) {
      this.#queue.stop(task.orgId);
      if (!this.secondOpinions.ask(task.orgId, () => check)) unasked(check);
      return false;
    }
    if (!(await this.#mayCall(check))) {
      unasked(check);
      return false;
    }
    const result = failed ? this.#resultOf(failed.error, task) : await this.#call(task);
    if (result.kind === "cut-off") {
      unasked(check);
      return false;
    }
    await this.#noteResult(check, result);
    if (result.kind === "answered") {
      this.#summary.checked++;
      if (check.adopt) this.#addPending(this.#adopt(check, check.adopt, result.check));
      else this.#settle(check, result.check);
      return true;
    }
    // Without an answer, a task that is past its deadline is given up.
    if (check.adopt) check.onEnd(false);
    else this.#settle(check, { kind: "unanswered" }, false);
    return false;
  }

  /** Gives up a task that is past its deadline without asking EnOS: its organisation is stuck, or has no room. */
  giveUp(check: Check): void {
    this.#toGiveUp.push(check);
    this.#giveUpNext();
  }

  #giveUpNext(): void {
    while (this.#givingUp < MOST_GIVING_UP && this.#toGiveUp.length > 0) {
      const check = this.#toGiveUp.pop() as Check;
      // The next sweep gives up the tasks for which no time is left.
      if (this.#time.remainingMs < GIVE_UP_MS) {
        check.onEnd(false);
        continue;
      }
      const result = { kind: "unanswered" } as const;
      const circumstances = this.#circumstances(check);
      const decision = decide(check.task, result, circumstances);
      this.#givingUp++;
      this.#addPending(
        this.#decided(check, result, decision, circumstances).then((isSettled) => {
          this.#givingUp--;
          check.onEnd(isSettled);
          this.#giveUpNext();
        }),
      );
    }
  }

  #circumstances({ checkedThrough }: Check): Circumstances {
    return { now: this.#dependencies.now(), deadlineMs: this.#settings.deadlineMs, checkedThrough };
  }

  /** Counts and reports a failure. */
  failed(reason: FailureReason, error: unknown, task?: TaskKey): void {
    count(this.#summary.failed, reason);
    this.#dependencies.observer.failed(reason, error, task);
  }

  /** Learns an organisation's gateway and rate from its credentials. Returns the error if they cannot be read. */
  async #readCredentials({ orgId }: OpenTask): Promise<{ error: unknown } | undefined> {
    try {
      const found = await this.#dependencies.credentials.get(orgId);
      this.#breakers.learn(orgId, found.baseUrl, fingerprint(found));
      this.#queue.setRate(orgId, found.requestsPerSecond ?? this.#settings.requestsPerSecond);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Whether a check has to wait for a second opinion: its gateway was found stuck after it was queued. */
  #isToWait({ orgId, isSecondOpinion, isProbe }: Check): boolean {
    return (
      !isSecondOpinion && !isProbe && !this.#time.isClosing && this.#breakers.isStuckOnlyByGateway(orgId)
    );
  }

  async #mayCall({ orgId, isSecondOpinion }: Check): Promise<boolean> {
    const { health, now } = this.#dependencies;
    if (this.#time.isClosing) return false;
    const stuck = this.#breakers.stuck(orgId);
    if (!stuck || (isSecondOpinion && this.#breakers.isStuckOnlyByGateway(orgId))) return true;
    const own = isSecondOpinion ? this.#breakers.ownRecord(orgId) : undefined;
    const due = [stuck, own].find((record) => record && isProbeDue(record, now()));
    if (!due) {
      this.#queue.stop(orgId);
      return false;
    }
    const next = nextProbe(due.probes + 1, now());
    // Before the request, so that no other check of this sweep claims the same probe.
    this.#breakers.claimed(due, next);
    try {
      if (await health.claimProbe(due, next)) return true;
    } catch (error) {
      this.failed("write", error);
    }
    // Another sweep has claimed the probe, or the claim failed.
    this.#queue.stop(orgId);
    return false;
  }

  async #call(task: OpenTask): Promise<CallResult> {
    try {
      const status = await this.#dependencies.enos.getDownloadStatus(task, {
        signal: this.#time.signal,
        singleAttempt: true,
      });
      return { kind: "answered", check: { kind: "status", status } };
    } catch (error) {
      return this.#resultOf(error, task);
    }
  }

  #resultOf(error: unknown, task: OpenTask): CallResult {
    const result = resultOfError(error, this.#time.isClosing);
    if ("failure" in result && result.failure) this.failed(result.failure, error, task);
    return result;
  }

  /** Notes a call's result. Resolves once the further check that it may require is queued. */
  async #noteResult({ task, isProbe, isWitness }: Check, result: CallResult): Promise<void> {
    const { orgId } = task;
    this.#carryOut(this.#breakers.noteResult(orgId, task.indexKey, result, isWitness));
    if (result.kind === "answered" || result.kind === "cut-off") return;
    if (result.kind === "limited") this.#queue.stop(orgId);
    else if (!isProbe && !this.#inDoubt.has(orgId)) {
      const isInDoubt = this.#breakers.isInDoubt(orgId, this.#queue.isLast(orgId));
      if (isInDoubt) await this.#askAnother(task, result);
    }
  }

  /**
   * A few failed calls do not prove that an organisation is stuck: queues a check of another task, due or not. If there
   * is none, that is proof. If none was found among many records, nothing is known.
   */
  async #askAnother(task: OpenTask, result: CallWithoutAnswer): Promise<void> {
    const { orgId } = task;
    const ended = Promise.withResolvers<void>();
    this.#inDoubt.add(orgId);
    this.#addPending(ended.promise.finally(() => this.#inDoubt.delete(orgId)));
    try {
      const { openTasks, now } = this.#dependencies;
      const other = await openTasks.another(task, this.#breakers.unansweredTasks(orgId), this.#time.signal);
      if (other.kind === "found") {
        // How far it was checked is not known here. So it counts neither as unreachable nor as known to be open.
        const unknown = { checkedThrough: now(), scheduledSince: Infinity };
        const witness = {
          orgId,
          task: other.task,
          ...unknown,
          isWitness: true,
          onEnd: () => ended.resolve(),
        };
        this.#queue.add(witness, { goesFirst: true });
        return;
      }
      const reason = result.kind === "refused" ? result.reason : "unreachable";
      if (other.kind === "none") this.#carryOut(this.#breakers.hasNoOther(orgId, reason));
    } catch (error) {
      if (!this.#time.isClosing) this.failed("read", error, task);
    }
    ended.resolve();
  }

  /** Writes which organisations and gateways are stuck or have recovered, and stops or resumes them in the queue. */
  #carryOut(changes: HealthChange[]): void {
    const { health, observer } = this.#dependencies;
    for (const { kind, record } of changes) {
      const queue = this.#queue;
      const about = record.scope === "org" ? [record.id] : this.#breakers.organisationsOf(record.id);
      if (kind === "stuck") {
        observer.stuck(record);
        // An organisation that has not failed itself continues: it may be about to be answered.
        for (const orgId of about) if (!this.#breakers.isStuckOnlyByGateway(orgId)) queue.stop(orgId);
      } else {
        observer.recovered(record);
        for (const orgId of about) if (!this.#breakers.stuck(orgId)) queue.resume(orgId);
      }
      const name = `${record.scope} ${record.id}`;
      const before = this.#healthWrites.get(name) ?? Promise.resolve();
      const written = before
        .then(() => (kind === "stuck" ? health.put(record) : health.remove(record)))
        .catch((error) => this.failed("write", error));
      this.#healthWrites.set(name, written);
      this.#addPending(written);
    }
  }

  /** Tracks a task if EnOS knows it, and goes on as with any other. If EnOS does not know it, nothing is written. */
  async #adopt(check: Check, adopt: () => Promise<OpenTask | undefined>, result: CheckResult): Promise<void> {
    if (result.kind !== "status") return check.onEnd(result.kind === "not-found");
    try {
      const task = await adopt();
      if (task) this.#settle({ ...check, task }, result);
      else check.onEnd(true);
    } catch (error) {
      this.failed("write", error, check.task);
      check.onEnd(false);
    }
  }

  /** Starts what follows from a check. @param isChecked whether EnOS was asked, and answered */
  #settle(check: Check, result: CheckResult, isChecked = true): void {
    const circumstances = this.#circumstances(check);
    const decision = decide(check.task, result, circumstances);
    // A check that learns nothing ends here, without a write.
    if (decision.kind === "none") {
      check.onEnd(isChecked);
      return;
    }
    if (++this.#settling === MOST_SETTLING) this.#queue.hold();
    this.#addPending(
      this.#decided(check, result, decision, circumstances).then((isSettled) => {
        if (this.#settling-- === MOST_SETTLING) this.#queue.release();
        check.onEnd(isSettled && (isChecked || decision.kind === "finish"));
      }),
    );
  }

  /** Publishes and writes what was decided; false if that failed, or another check is doing it. */
  async #decided(
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
        await openTasks.change(task, decision.state, decision.status, circumstances.now);
      }
      if (decision.kind === "missing") {
        const { since, checks } = decision;
        if (!(await openTasks.missing(task, since, checks, this.#lastKnownDue(check))))
          await this.#uncertain(check);
      }
      if (decision.kind === "uncertain") await this.#uncertain(check);
      return true;
    } catch (error) {
      this.failed("write", error, task);
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

  #lastKnownDue({ task, checkedThrough: through, scheduledSince }: Check): number {
    return lastKnownDue(this.#dependencies.schedule, task, { through, scheduledSince });
  }

  /** Announces and closes a task, if its record still requires it: the index, from which it was read, may lag. */
  async #finish(
    { task: read, checkedThrough: through, scheduledSince }: Check,
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
      this.failed("read", error, read);
      return false;
    }
    const { task, carried } = current;
    try {
      const known = notEndedBefore(schedule, task, { through, scheduledSince }, now);
      await events.publish(terminalEvent(task, outcome, { observedAt: now, notEndedBefore: known }, carried));
      this.#summary.published++;
    } catch (error) {
      this.failed("publish", error, read);
      return false;
    }
    try {
      if (await openTasks.finish(task, outcome, now)) count(this.#summary.finished, outcome.state);
      return true;
    } catch (error) {
      this.failed("write", error, read);
      return false;
    }
  }

  /** Lets {@link onIdle} wait for this, too. */
  #addPending(work: Promise<void>): void {
    const pending = work.finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }
}
