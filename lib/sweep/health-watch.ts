import type { OtherTask } from "../store/open-task-store.ts";
import type { Unfinished } from "../time/unfinished.ts";
import type { Breakers, HealthChange } from "./breakers.ts";
import type { CallResult } from "./call-result.ts";
import type { Check } from "./check.ts";
import type { CheckDependencies } from "./dependencies.ts";
import type { ReportFailure } from "./failures.ts";
import type { FairQueue } from "./fair-queue.ts";
import { areSuspectsFirst, isProbeDue, nextProbe } from "./probe-times.ts";
import type { TimeBudget } from "./time-budget.ts";

/** An organisation that was answered within this time, in milliseconds, was answered recently. */
const RECENTLY_MS = 15 * 60_000;

type CallWithoutAnswer = Extract<CallResult, { kind: "unanswered" | "refused" }>;

/** What the watch works with. */
type HealthWatchDependencies = Pick<
  CheckDependencies,
  "health" | "openTasks" | "observer" | "paces" | "suspects" | "now"
>;

/**
 * Acts on what calls say of the health of organisations and gateways: writes which of them are stuck, stops and resumes
 * them in the queue, and has a witness checked where one is needed.
 */
export class HealthWatch {
  readonly #dependencies: HealthWatchDependencies;
  readonly #breakers: Breakers;
  readonly #queue: FairQueue<Check>;
  readonly #time: TimeBudget;
  readonly #unfinished: Unfinished;
  readonly #onFailure: ReportFailure;
  /** Organisations whose witness is being searched or checked: until when, of the last one. */
  readonly #awaitingWitness = new Map<string, Promise<void>>();
  /** The last write of each record: two writes of one record must not overtake each other. */
  readonly #writes = new Map<string, Promise<void>>();

  constructor(options: {
    dependencies: HealthWatchDependencies;
    breakers: Breakers;
    queue: FairQueue<Check>;
    time: TimeBudget;
    unfinished: Unfinished;
    onFailure: ReportFailure;
  }) {
    this.#dependencies = options.dependencies;
    this.#breakers = options.breakers;
    this.#queue = options.queue;
    this.#time = options.time;
    this.#unfinished = options.unfinished;
    this.#onFailure = options.onFailure;
  }

  /**
   * Claims the probe of an organisation or its gateway that is due; false if there is none, or another sweep has it. If
   * both are stuck, one call is the probe of both, and so is the next one. It is soon if suspects went first.
   */
  async claimProbe({ orgId, task }: Check): Promise<boolean> {
    const { health, suspects, now } = this.#dependencies;
    const records = [this.#breakers.stuck(orgId), this.#breakers.ownRecord(orgId)].filter(
      (record) => !!record,
    );
    const first = records.find((record) => isProbeDue(record, now()));
    if (!first) return false;
    const wasOutOfTurn = areSuspectsFirst(now()) && suspects.has(task);
    const next = nextProbe(wasOutOfTurn ? 0 : first.probes + 1, now());
    const claimed = records.slice(records.indexOf(first));
    // Before the request, so that no other check of this sweep claims the same probe.
    for (const record of claimed) this.#breakers.claimed(record, next);
    try {
      const results = await Promise.all(claimed.map((record) => health.claimProbe(record, next)));
      return results.some(Boolean);
    } catch (error) {
      this.#onFailure("write", error);
      return false;
    }
  }

  /** Notes a call's result. Resolves once the check of a witness is queued, if one is needed. */
  async note({ task, purpose }: Check, result: CallResult): Promise<void> {
    const { orgId } = task;
    const { paces, suspects, now } = this.#dependencies;
    const wasStuck = this.#breakers.stuck(orgId) !== undefined;
    const isWitness = purpose === "witness";
    const hasSuspects = isWitness && suspects.of(orgId).length > 0;
    const about = { isWitness, isSuspect: suspects.has(task), hasSuspects };
    this.#carryOut(this.#breakers.noteResult(orgId, task.indexKey, result, about));
    if (result.kind === "answered") {
      paces.answered(orgId, now());
      suspects.answered(task);
    } else if (result.kind === "unanswered") {
      suspects.unanswered(task, now(), result.isConnected && !wasStuck);
    }
    if (result.kind === "answered" || result.kind === "cut-off") return;
    if (result.kind === "limited") this.#queue.stop(orgId);
    else if (purpose !== "probe" && (isWitness || !this.#awaitingWitness.has(orgId))) {
      const isLast = this.#queue.isLast(orgId);
      if (this.#breakers.needsWitness(orgId, isLast)) await this.#askWitness(task, result);
    }
  }

  /**
   * A few failed calls do not prove that an organisation is stuck: queues a check of a witness, another task of it, due
   * or not.
   */
  async #askWitness(task: Check["task"], result: CallWithoutAnswer): Promise<void> {
    const { orgId } = task;
    const ended = Promise.withResolvers<void>();
    this.#awaitingWitness.set(orgId, ended.promise);
    const end = () => {
      // Its own result may have called for another witness.
      if (this.#awaitingWitness.get(orgId) === ended.promise) this.#awaitingWitness.delete(orgId);
    };
    this.#unfinished.add(ended.promise.finally(end));
    try {
      const { now, paces } = this.#dependencies;
      const other = await this.#another(task);
      if (other.kind === "found") {
        // How far it was checked is not known here. So it counts neither as unreachable nor as known to be open.
        const checked = { through: now(), scheduledSince: Number.POSITIVE_INFINITY };
        const onEnd = () => ended.resolve();
        this.#queue.add({ orgId, task: other.task, checked, purpose: "witness", onEnd }, { goesFirst: true });
        return;
      }
      const reason = result.kind === "refused" ? result.reason : "unreachable";
      const wasAnswered = now() - paces.lastAnswer(orgId) < RECENTLY_MS;
      const isCertain = other.kind === "none";
      this.#carryOut(this.#breakers.foundNoWitness(orgId, reason, { isCertain, wasAnswered }));
    } catch (error) {
      if (!this.#time.isClosing) this.#onFailure("read", error, task);
    }
    ended.resolve();
  }

  /** Another task of the organisation, of those that have not gone unanswered in this sweep: if possible, no suspect. */
  async #another(task: Check["task"]): Promise<OtherTask> {
    const { openTasks, suspects } = this.#dependencies;
    const unanswered = this.#breakers.unansweredTasks(task.orgId);
    const known = suspects.of(task.orgId);
    const other = await openTasks.another(task, new Set([...unanswered, ...known]), this.#time.signal);
    const isOnlySuspects = other.kind === "none" && known.some((key) => !unanswered.has(key));
    return isOnlySuspects ? openTasks.another(task, unanswered, this.#time.signal) : other;
  }

  /** Writes which organisations and gateways are stuck or have recovered, and stops or resumes them in the queue. */
  #carryOut(changes: HealthChange[]): void {
    const { health, observer } = this.#dependencies;
    for (const { kind, record } of changes) {
      const queue = this.#queue;
      const orgIds = record.scope === "org" ? [record.id] : this.#breakers.organisationsOf(record.id);
      if (kind === "stuck") {
        observer.stuck(record);
        // An organisation that has not failed itself continues: it may be about to be answered.
        for (const orgId of orgIds) if (!this.#breakers.isStuckOnlyByGateway(orgId)) queue.stop(orgId);
      } else {
        observer.recovered(record);
        for (const orgId of orgIds) if (!this.#breakers.stuck(orgId)) queue.resume(orgId);
      }
      const name = `${record.scope} ${record.id}`;
      const before = this.#writes.get(name) ?? Promise.resolve();
      const written = before
        .then(() => (kind === "stuck" ? health.put(record) : health.remove(record)))
        .catch((error) => this.#onFailure("write", error));
      this.#writes.set(name, written);
      this.#unfinished.add(written);
    }
  }
}
