import type { HealthRecord } from "../store/health-store.ts";
import type { Schedule } from "../tasks/schedule.ts";
import type { Breakers } from "./breakers.ts";
import { wasCalled } from "./call-result.ts";
import type { Check } from "./check.ts";
import type { Checker } from "./checker.ts";
import type { CheckDependencies } from "./dependencies.ts";
import { type Candidate, ProbeCandidates } from "./probe-candidates.ts";
import { areSuspectsFirst, isProbeDue } from "./probe-times.ts";
import type { Suspects } from "./suspects.ts";

/** A probe that has been due for this long, in milliseconds, is overdue. */
const OVERDUE_MS = 5 * 60_000;

/**
 * The calls about one shard's tasks that find out whether what is stuck answers again. While the shard is read, a task is
 * drawn for each: for a stuck gateway or organisation whose probe is due, and for each organisation that may be answered
 * although its gateway is stuck.
 */
export class Probes {
  readonly #checker: Pick<Checker, "queue" | "secondOpinions">;
  readonly #breakers: Breakers;
  readonly #suspects: Suspects;
  readonly #now: number;
  readonly #areSuspectsFirst: boolean;
  /** For how long a probe is due before it may be about a suspect, in milliseconds. */
  readonly #lastResortMs: number;
  readonly #forProbes = new ProbeCandidates<HealthRecord>();
  readonly #forSecondOpinions = new ProbeCandidates<string>();

  constructor(options: {
    dependencies: Pick<CheckDependencies, "suspects" | "schedule">;
    checker: Pick<Checker, "queue" | "secondOpinions">;
    breakers: Breakers;
    /** When the sweep took the shard, in Unix milliseconds. */
    now: number;
  }) {
    this.#checker = options.checker;
    this.#breakers = options.breakers;
    this.#suspects = options.dependencies.suspects;
    this.#now = options.now;
    this.#areSuspectsFirst = areSuspectsFirst(options.now);
    this.#lastResortMs = 2 * options.dependencies.schedule.interval(0);
  }

  /** Whether a due task of an organisation can be used, since it or its gateway is stuck and may be asked. */
  mayUse(orgId: string): boolean {
    const stuck = this.#breakers.stuck(orgId);
    return stuck !== undefined && (isProbeDue(stuck, this.#now) || this.#mayGiveSecondOpinion(orgId));
  }

  /** Whether the probe of a stuck organisation or its gateway was not made although it is due, for want of a due task. */
  isOverdue(orgId: string, { interval }: Pick<Schedule, "interval">): boolean {
    // With shorter intervals each of its tasks has become due by now, so the cause is another.
    if (interval(Number.POSITIVE_INFINITY) <= OVERDUE_MS) return false;
    const records = [this.#breakers.stuck(orgId), this.#breakers.ownRecord(orgId)];
    return records.some((record) => record && record.nextProbeAt <= this.#now - OVERDUE_MS);
  }

  /**
   * Lets a task of a stuck organisation, or of one whose gateway is stuck, be drawn. A suspect is a last resort: it is
   * drawn only if no sweep has asked about another task for two intervals, and not at all to tell whether an organisation
   * is answered although its gateway is stuck; but see {@link areSuspectsFirst}. Of the others, one about which no call
   * has gone unanswered is drawn, or else the one for which that is longest ago: so they take turns. Of equal ones, one
   * that is past its deadline only if there is no other: asking about it delays its end.
   *
   * @returns the task that is not drawn from now on: this one, or the one that was drawn so far
   */
  consider(candidate: Candidate): Candidate | undefined {
    const { task, isLate } = candidate;
    const { orgId } = task;
    const stuck = this.#breakers.stuck(orgId);
    if (!stuck) return candidate;
    const isSuspect = this.#suspects.has(task);
    const { at = 0 } = this.#suspects.unansweredCalls(task, this.#now) ?? {};
    const rank = [Number(isSuspect === this.#areSuspectsFirst), -at, Number(!isLate)];
    const own = this.#breakers.ownRecord(orgId);
    if (this.#mayGiveSecondOpinion(orgId) && (!isSuspect || this.#isSuspectsTurn(own))) {
      return this.#forSecondOpinions.consider(orgId, candidate, { rank });
    }
    if (!isProbeDue(stuck, this.#now) || (isSuspect && !this.#isSuspectsTurn(stuck))) return candidate;
    const hasCredentials = Number(!own || wasCalled(own.reason));
    return this.#forProbes.consider(stuck, candidate, {
      // A gateway is asked for another of its organisations each time, with credentials if any has them.
      group: stuck.scope === "origin" ? orgId : undefined,
      rank: [hasCredentials, ...rank],
    });
  }

  /**
   * Asks about the tasks that were drawn since the last time.
   *
   * @param checkOf makes the check of one of them
   * @param wasBehind whether an organisation was behind in this shard before the sweep
   * @param onNotAsked called with those whose organisation has been asked for another shard
   */
  start(
    checkOf: (candidate: Candidate) => Check,
    wasBehind: (orgId: string) => boolean,
    onNotAsked: (candidate: Candidate) => void,
  ): void {
    // First the organisations that were not behind, which are the likeliest to be answered, then those that were. Last
    // those that are stuck themselves, the longest overdue first.
    const waitsSince = (orgId: string) =>
      this.#breakers.ownRecord(orgId)?.nextProbeAt ?? Number(wasBehind(orgId));
    const inOrder = this.#forSecondOpinions
      .take()
      .map(([orgId, candidate]) => ({ orgId, candidate, since: waitsSince(orgId), chance: Math.random() }))
      .sort((a, b) => a.since - b.since || a.chance - b.chance);
    for (const { orgId, candidate, since } of inOrder) {
      if (!this.#checker.secondOpinions.ask(orgId, () => checkOf(candidate), since)) onNotAsked(candidate);
    }
    for (const [{ nextProbeAt }, candidate] of this.#forProbes.take()) {
      this.#checker.queue.probe({ ...checkOf(candidate), purpose: "probe" }, { since: nextProbeAt });
    }
  }

  /** Whether suspects may be asked about: they go first now, or every shard with a better task has had its chance. */
  #isSuspectsTurn(record: HealthRecord | undefined): boolean {
    if (this.#areSuspectsFirst || !record) return this.#areSuspectsFirst;
    const { nextProbeAt } = record;
    return nextProbeAt <= this.#now - this.#lastResortMs || nextProbeAt > this.#now;
  }

  /** Whether an organisation is asked although its gateway is stuck: it has not failed itself, or its probe is due. */
  #mayGiveSecondOpinion(orgId: string): boolean {
    const own = this.#breakers.ownRecord(orgId);
    return own ? isProbeDue(own, this.#now) : this.#breakers.isStuckOnlyByGateway(orgId);
  }
}
