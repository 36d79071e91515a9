import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";
import type { FairQueue } from "./fair-queue.ts";

/**
 * How many of each kind a sweep asks for even if no waiting place is spare: of organisations that have not failed
 * themselves, and of organisations that are stuck themselves.
 */
const AT_ONCE = 64;

/**
 * Second opinions on stuck gateways: a gateway that does not answer some of its organisations may answer another. Each
 * organisation gives at most one in a sweep, in whichever shards its tasks are.
 *
 * The first ones of each kind take a waiting place even if other calls need it. The others wait for a spare one, so that
 * thousands of them hold up nobody else.
 */
export class SecondOpinions {
  readonly #queue: FairQueue<Check>;
  readonly #breakers: Pick<Breakers, "ownRecord">;
  readonly #given = new Set<string>();
  #withoutRecord = 0;
  #withRecord = 0;

  constructor(options: { queue: FairQueue<Check>; breakers: Pick<Breakers, "ownRecord"> }) {
    this.#queue = options.queue;
    this.#breakers = options.breakers;
  }

  /**
   * Asks an organisation itself, unless it has been asked in this sweep.
   *
   * @param checkOf makes the check; called only if the organisation is asked
   * @param since when it began to wait: among those that wait for a spare place, the first goes first
   * @returns false if it has been asked
   */
  ask(orgId: string, checkOf: () => Check, since = 0): boolean {
    if (this.#given.has(orgId)) return false;
    this.#given.add(orgId);
    const isStuckItself = this.#breakers.ownRecord(orgId) !== undefined;
    const before = isStuckItself ? this.#withRecord++ : this.#withoutRecord++;
    const check: Check = { ...checkOf(), isSecondOpinion: true };
    if (before < AT_ONCE) this.#queue.probe(check, { goesFirst: !isStuckItself });
    else this.#queue.spareProbe(check, since);
    return true;
  }
}
