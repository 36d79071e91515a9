import { type Breakers, isProbeDue, wasCalled } from "./breakers.ts";
import type { Check } from "./checks.ts";
import type { FairQueue } from "./fair-queue.ts";
import { type Candidate, DrawnTasks, ProbeCandidates } from "./probe-candidates.ts";
import type { SecondOpinions } from "./second-opinions.ts";

/**
 * The calls about one shard's tasks that find out whether what is stuck answers again. While the shard is read, a task is
 * drawn for each: for a stuck gateway or organisation whose probe is due, and for each organisation that may be answered
 * although its gateway is stuck.
 */
export class Probes {
  readonly #queue: FairQueue<Check>;
  readonly #breakers: Breakers;
  readonly #secondOpinions: SecondOpinions;
  readonly #now: number;
  readonly #forProbes = new ProbeCandidates();
  readonly #forSecondOpinions = new DrawnTasks();

  constructor(options: {
    queue: FairQueue<Check>;
    breakers: Breakers;
    secondOpinions: SecondOpinions;
    /** When the sweep took the shard, in Unix milliseconds. */
    now: number;
  }) {
    this.#queue = options.queue;
    this.#breakers = options.breakers;
    this.#secondOpinions = options.secondOpinions;
    this.#now = options.now;
  }

  /** Whether a due task of an organisation can be used, since it or its gateway is stuck and may be asked. */
  mayUse(orgId: string): boolean {
    const stuck = this.#breakers.stuck(orgId);
    return stuck !== undefined && (isProbeDue(stuck, this.#now) || this.#mayGiveSecondOpinion(orgId));
  }

  /** Lets a due task of a stuck organisation, or of one whose gateway is stuck, be drawn. */
  consider(candidate: Candidate): void {
    const { orgId } = candidate.task;
    const stuck = this.#breakers.stuck(orgId);
    if (!stuck) return;
    if (this.#mayGiveSecondOpinion(orgId)) this.#forSecondOpinions.consider(orgId, candidate);
    else if (isProbeDue(stuck, this.#now)) {
      const own = this.#breakers.ownRecord(orgId);
      this.#forProbes.consider(stuck, candidate, !own || wasCalled(own.reason));
    }
  }

  /**
   * Asks about the tasks that were drawn.
   *
   * @param checkOf makes the check of one of them
   * @param wasBehind whether an organisation was behind in this shard before the sweep
   */
  start(checkOf: (candidate: Candidate) => Check, wasBehind: (orgId: string) => boolean): void {
    // First the organisations that were not behind, which are the likeliest to be answered, then those that were. Last
    // those that are stuck themselves, the longest overdue first.
    const waitsSince = (orgId: string) =>
      this.#breakers.ownRecord(orgId)?.nextProbeAt ?? Number(wasBehind(orgId));
    const inOrder = [...this.#forSecondOpinions]
      .map(([orgId, candidate]) => ({ orgId, candidate, since: waitsSince(orgId), chance: Math.random() }))
      .sort((a, b) => a.since - b.since || a.chance - b.chance);
    for (const { orgId, candidate, since } of inOrder) {
      this.#secondOpinions.ask(orgId, () => checkOf(candidate), since);
    }
    for (const [, candidate] of this.#forProbes) this.#queue.probe({ ...checkOf(candidate), isProbe: true });
  }

  /** Whether an organisation is asked although its gateway is stuck: it has not failed itself, or its probe is due. */
  #mayGiveSecondOpinion(orgId: string): boolean {
    const own = this.#breakers.ownRecord(orgId);
    return own ? isProbeDue(own, this.#now) : this.#breakers.isStuckOnlyByGateway(orgId);
  }
}
