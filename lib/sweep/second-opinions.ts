import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";
import type { FairQueue } from "./fair-queue.ts";

/**
 * Second opinions on stuck gateways: a gateway that does not answer some of its organisations may answer another. Each
 * organisation gives at most one in a sweep, in whichever shards its tasks are. That of an organisation that is stuck
 * itself is its own probe.
 */
export class SecondOpinions {
  readonly #queue: Pick<FairQueue<Check>, "probe">;
  readonly #breakers: Pick<Breakers, "ownRecord">;
  readonly #given = new Set<string>();

  constructor(options: { queue: Pick<FairQueue<Check>, "probe">; breakers: Pick<Breakers, "ownRecord"> }) {
    this.#queue = options.queue;
    this.#breakers = options.breakers;
  }

  /**
   * Asks an organisation itself, unless it has been asked in this sweep.
   *
   * @param checkOf makes the check; called only if the organisation is asked
   * @param since when it began to wait: the first goes first
   * @returns false if it has been asked
   */
  ask(orgId: string, checkOf: () => Check, since = 0): boolean {
    if (this.#given.has(orgId)) return false;
    this.#given.add(orgId);
    const kind = this.#breakers.ownRecord(orgId) ? "probe" : "opinion";
    this.#queue.probe({ ...checkOf(), purpose: "opinion" }, { kind, since });
    return true;
  }
}
