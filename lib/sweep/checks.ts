import { fingerprint } from "../enos/credentials.ts";
import { terminalEvent } from "../events/event.ts";
import type { HealthRecord } from "../store/health-store.ts";
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
import { count, type FailureReason, type SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** Outcomes that may be published and written at a time: what SNS and DynamoDB are asked for at once. */
const MOST_SETTLING = 128;
/** Tasks that are given up at a time: beside them what calls bring has to be published, too. */
const MOST_GIVING_UP = 32;
/** So long before the sweep's last moment none is begun any more, in milliseconds. */
const GIVE_UP_MS = 1_500;

type CallInVain = Extract<CallResult, { kind: "unanswered" | "refused" }>;

/** One task that is to be checked, and who wants to know what became of it. */
export interface Check {
  orgId: string;
  /** The shard that it comes from; none where it is asked for beside one. */
  source?: number;
  task: OpenTask;
  /** Everything that was due of the task up to then was checked, in Unix milliseconds. */
  checkedThrough: number;
  /** What became due of it after that was checked by today's schedule, in Unix milliseconds. */
  scheduledSince: number;
  /** What is stuck, where this call is to find out whether it still is. */
  probe?: HealthRecord;
  /** Whether the call is to find out if a gateway that is said to be stuck answers this organisation. */
  isSecondOpinion?: boolean;
  /** Whether the task was drawn from all of its organisation's, which may be stuck. */
  isWitness?: boolean;
  /** Of a task that is not tracked: has it tracked, once EnOS knows it; undefined where that may not be. */
  adopt?: () => Promise<OpenTask | undefined>;
  /** Told once, at the end: whether the task was checked, and all that follows is published and written. */
  onEnd: (isChecked: boolean) => void;
  /** Told instead where EnOS was not asked, or had no time to answer; as a check in vain, where it is left out. */
  onUnasked?: () => void;
}

/** Tells of a check that it was not made. */
export function unasked({ onEnd, onUnasked = () => onEnd(false) }: Check): void {
  onUnasked();
}

/** Checks single tasks: learns from EnOS, publishes what is final, and only then writes it down. */
export class Checks {
  readonly #dependencies: CheckDependencies;
  readonly #settings: CheckSettings;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #breakers: Breakers;
  readonly #queue: FairQueue<Check>;
  readonly #pending = new Set<Promise<void>>();
  /** Tasks that are being announced, by organisation and index key: two checks of one may end together. */
  readonly #finishing = new Set<string>();
  /** Organisations of which one more task is to be asked about. */
  readonly #inDoubt = new Set<string>();
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
  }

  /** Resolves when nothing is being published or written any more. */
  async onIdle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Asks EnOS how a task is doing, and sets going what follows. Resolves with whether it answered. */
  async check(check: Check): Promise<boolean> {
    const { task } = check;
    const failed = this.#time.isClosing ? undefined : await this.#readCredentials(task);
    if (this.#isToWait(check)) {
      this.#queue.stop(task.orgId);
      if (this.#breakers.takeSecondOpinion(task.orgId)) this.askSecondOpinion(check);
      else unasked(check);
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
    await this.#hear(check, result);
    if (result.kind === "answered") {
      this.#summary.checked++;
      if (check.adopt) this.#track(this.#adopt(check, check.adopt, result.check));
      else this.#settle(check, result.check);
      return true;
    }
    // What was asked in vain may be past its deadline all the same.
    if (check.adopt) check.onEnd(false);
    else this.#settle(check, { kind: "unanswered" }, false);
    return false;
  }

  /** Finds out whether a gateway that is said to be stuck answers one of its organisations, when there is room. */
  askSecondOpinion(check: Check): void {
    this.#queue.probe({ ...check, isSecondOpinion: true }, { isSpare: true });
  }

  /** Gives up a task that is past its deadline without asking: its organisation is stuck, or has no room. */
  giveUp(check: Check): void {
    this.#toGiveUp.push(check);
    this.#giveUpNext();
  }

  #giveUpNext(): void {
    while (this.#givingUp < MOST_GIVING_UP && this.#toGiveUp.length > 0) {
      const check = this.#toGiveUp.pop() as Check;
      // Of those for whom there is no time any more the next sweep takes care.
      if (this.#time.remainingMs < GIVE_UP_MS) {
        check.onEnd(false);
        continue;
      }
      const result = { kind: "unanswered" } as const;
      const circumstances = this.#circumstances(check);
      const decision = decide(check.task, result, circumstances);
      this.#givingUp++;
      this.#track(
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

  /** Counts what did not work. */
  failed(reason: FailureReason, error: unknown, task?: TaskKey): void {
    count(this.#summary.failed, reason);
    this.#dependencies.observer.failed(reason, error, task);
  }

  /** Learns where and how fast an organisation may be asked. What is thrown instead is what its call would end with. */
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

  /** Whether a call has to wait until nobody else wants its place: its gateway was found stuck meanwhile. */
  #isToWait({ orgId, isSecondOpinion, probe }: Check): boolean {
    return !isSecondOpinion && !probe && !this.#time.isClosing && this.#breakers.isStuckByHearsay(orgId);
  }

  async #mayCall({ orgId, isSecondOpinion }: Check): Promise<boolean> {
    const { health, now } = this.#dependencies;
    if (this.#time.isClosing) return false;
    const stuck = this.#breakers.stuck(orgId);
    if (!stuck || (isSecondOpinion && this.#breakers.isStuckByHearsay(orgId))) return true;
    const own = isSecondOpinion ? this.#breakers.ownRecord(orgId) : undefined;
    const due = [stuck, own].find((record) => record && isProbeDue(record, now()));
    if (!due) {
      this.#queue.stop(orgId);
      return false;
    }
    const next = nextProbe(due.probes + 1, now());
    // At once: no other check of this sweep is to claim it as well.
    this.#breakers.claimed(due, next);
    try {
      if (await health.claimProbe(due, next)) return true;
    } catch (error) {
      this.failed("write", error);
    }
    // Another sweep asks, or has asked.
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

  /** Resolves when it is known, or queued, what else has to be asked. */
  async #hear({ task, probe, isWitness }: Check, result: CallResult): Promise<void> {
    const { orgId } = task;
    this.#carryOut(this.#breakers.hear(orgId, task.indexKey, result, isWitness));
    if (result.kind === "answered" || result.kind === "cut-off") return;
    if (result.kind === "limited") this.#queue.stop(orgId);
    else if (!probe && !this.#inDoubt.has(orgId)) {
      const isInDoubt = this.#breakers.isInDoubt(orgId, this.#queue.isLast(orgId));
      if (isInDoubt) await this.#askAnother(task, result);
    }
  }

  /**
   * A few tasks are no proof that their organisation is stuck: asks about another, whether or not it is due, and where
   * there is none that is proof.
   */
  async #askAnother(task: OpenTask, result: CallInVain): Promise<void> {
    const { orgId } = task;
    const ended = Promise.withResolvers<void>();
    this.#inDoubt.add(orgId);
    this.#track(ended.promise.finally(() => this.#inDoubt.delete(orgId)));
    try {
      const { tasks, now } = this.#dependencies;
      const another = await tasks.another(task, this.#breakers.tasksInVain(orgId), this.#time.signal);
      if (another) {
        // How far it is checked is not known here: it is not said to be out of reach, nor known to be open.
        const unknown = { checkedThrough: now(), scheduledSince: Infinity };
        const witness = { orgId, task: another, ...unknown, isWitness: true, onEnd: () => ended.resolve() };
        this.#queue.add(witness, { goesFirst: true });
        return;
      }
      const reason = result.kind === "refused" ? result.reason : "unreachable";
      this.#carryOut(this.#breakers.hasNoOther(orgId, reason));
    } catch (error) {
      if (!this.#time.isClosing) this.failed("read", error, task);
    }
    ended.resolve();
  }

  /** Writes down who is stuck from now on, and who is not, and lets the queue know. */
  #carryOut(changes: HealthChange[]): void {
    const { health, observer } = this.#dependencies;
    for (const { kind, record } of changes) {
      const queue = this.#queue;
      const about = record.scope === "org" ? [record.id] : this.#breakers.organisationsOf(record.id);
      if (kind === "stuck") {
        observer.stuck(record);
        // Who was not asked in vain itself may be waiting for an answer just now, and goes on with it.
        for (const orgId of about) if (!this.#breakers.isStuckByHearsay(orgId)) queue.stop(orgId);
      } else {
        observer.recovered(record);
        for (const orgId of about) if (!this.#breakers.stuck(orgId)) queue.resume(orgId);
      }
      const written = kind === "stuck" ? health.put(record) : health.remove(record);
      this.#track(written.catch((error) => this.failed("write", error)));
    }
  }

  /** Has a task tracked that EnOS knows, and goes on as with any other. Of one that it does not know nothing remains. */
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

  /** Sets going what follows from a check. @param isChecked whether EnOS was asked, and answered */
  #settle(check: Check, result: CheckResult, isChecked = true): void {
    const circumstances = this.#circumstances(check);
    const decision = decide(check.task, result, circumstances);
    // A check that learns nothing ends here, and costs nothing.
    if (decision.kind === "none") {
      check.onEnd(isChecked);
      return;
    }
    if (++this.#settling === MOST_SETTLING) this.#queue.hold();
    this.#track(
      this.#decided(check, result, decision, circumstances).then((isSettled) => {
        if (this.#settling-- === MOST_SETTLING) this.#queue.release();
        check.onEnd(isSettled && (isChecked || decision.kind === "finish"));
      }),
    );
  }

  /** Publishes and writes; false when it could not be done. */
  async #decided(
    check: Check,
    result: CheckResult,
    decision: Decision,
    circumstances: Circumstances,
  ): Promise<boolean> {
    const { tasks } = this.#dependencies;
    const { task } = check;
    if (decision.kind === "finish") {
      const name = `${task.orgId} ${task.indexKey}`;
      if (this.#finishing.has(name)) return false;
      this.#finishing.add(name);
      return this.#finish(check, result, circumstances).finally(() => this.#finishing.delete(name));
    }
    try {
      if (decision.kind === "change") {
        await tasks.change(task, decision.state, decision.status, circumstances.now);
      }
      if (decision.kind === "missing") {
        const { since, checks } = decision;
        if (!(await tasks.missing(task, since, checks, this.#lastKnownDue(check))))
          await this.#uncertain(check);
      }
      if (decision.kind === "uncertain") await this.#uncertain(check);
      return true;
    } catch (error) {
      this.failed("write", error, task);
      return false;
    }
  }

  /** Writes since when it is not known how a task is doing, once: what the index says of that may be behind. */
  async #uncertain(check: Check): Promise<void> {
    const { tasks } = this.#dependencies;
    const current = await tasks.current(check.task);
    if (!current || current.task.uncertainSince !== undefined) return;
    await tasks.uncertain(check.task, this.#lastKnownDue(check));
  }

  #lastKnownDue({ task, checkedThrough: through, scheduledSince }: Check): number {
    return lastKnownDue(this.#dependencies.schedule, task, { through, scheduledSince });
  }

  /** Announces and closes a task, if it is still one that is to be: the index, from which it came, may be behind. */
  async #finish(
    { task: read, checkedThrough: through, scheduledSince }: Check,
    result: CheckResult,
    circumstances: Circumstances,
  ): Promise<boolean> {
    const { tasks, events, schedule } = this.#dependencies;
    const { now } = circumstances;
    let outcome: Outcome;
    let current: Awaited<ReturnType<typeof tasks.current>>;
    try {
      current = await tasks.current(read);
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
      if (await tasks.finish(task, outcome, now)) count(this.#summary.finished, outcome.state);
      return true;
    } catch (error) {
      this.failed("write", error, read);
      return false;
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}
