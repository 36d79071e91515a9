/** The most organisations whose pace is remembered: the most recent ones. */
const MOST = 20_000;

/** How an organisation's gateway answers: within a second, or later. */
export type Pace = "quick" | "slow";

interface Known {
  pace: Pace | undefined;
  lastTurn: number;
}

/**
 * How fast each organisation answered last, for the lifetime of a process. An organisation that is known to be quick
 * need not wait for its first call behind thousands of slow ones. If nothing is known, the first call finds out. When
 * each organisation last had a turn in a waiting place is remembered as well, so that turns go round from sweep to
 * sweep.
 */
export class Paces {
  readonly #known = new Map<string, Known>();

  get(orgId: string): Pace | undefined {
    return this.#known.get(orgId)?.pace;
  }

  set(orgId: string, pace: Pace): void {
    this.#remember(orgId, { pace, lastTurn: this.lastTurn(orgId) });
  }

  /** When an organisation last had a turn in a waiting place, by this process's clock; 0 if it had none. */
  lastTurn(orgId: string): number {
    return this.#known.get(orgId)?.lastTurn ?? 0;
  }

  /** Notes that an organisation has had a turn in a waiting place. */
  hadTurn(orgId: string, at: number): void {
    this.#remember(orgId, { pace: this.get(orgId), lastTurn: at });
  }

  #remember(orgId: string, known: Known): void {
    this.#known.delete(orgId);
    this.#known.set(orgId, known);
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value as string);
  }
}
