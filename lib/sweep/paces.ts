/** The most organisations whose pace is remembered: the most recent ones. */
const MOST = 20_000;

/** How an organisation's gateway answers: within a second, or later. */
export type Pace = "quick" | "slow";

interface Known {
  pace?: Pace;
  lastTurn?: number;
  lastAnswer?: number;
}

/**
 * What is known of each organisation from earlier calls of this process: how fast it answered last and when, and its last
 * turn in a waiting place, so that turns go round from sweep to sweep. One that is known to be quick need not wait for
 * its first call behind thousands of slow ones. If nothing is known, the first call finds out.
 */
export class Paces {
  readonly #known = new Map<string, Known>();

  get(orgId: string): Pace | undefined {
    return this.#known.get(orgId)?.pace;
  }

  set(orgId: string, pace: Pace): void {
    this.#remember(orgId, { pace });
  }

  /** When an organisation last had a turn in a waiting place, by this process's clock; 0 if it had none. */
  lastTurn(orgId: string): number {
    return this.#known.get(orgId)?.lastTurn ?? 0;
  }

  /** Notes that an organisation has had a turn in a waiting place. */
  hadTurn(orgId: string, at: number): void {
    this.#remember(orgId, { lastTurn: at });
  }

  /** When an organisation was last answered, in Unix milliseconds; 0 if it never was. */
  lastAnswer(orgId: string): number {
    return this.#known.get(orgId)?.lastAnswer ?? 0;
  }

  /** Notes that an organisation was answered, in Unix milliseconds. */
  answered(orgId: string, at: number): void {
    this.#remember(orgId, { lastAnswer: at });
  }

  #remember(orgId: string, news: Known): void {
    const known = this.#known.get(orgId) ?? {};
    this.#known.delete(orgId);
    this.#known.set(orgId, Object.assign(known, news));
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value as string);
  }
}
