/** The most organisations whose pace is remembered: the most recent ones. */
const MOST = 20_000;

/** How an organisation's gateway answers: within a second, or later. */
export type Pace = "quick" | "slow";

/**
 * How fast each organisation answered last, for the lifetime of a process. An organisation that is known to be quick need
 * not wait for its first call behind thousands of slow ones. If nothing is known, the first call finds out.
 */
export class Paces {
  readonly #paces = new Map<string, Pace>();

  get(orgId: string): Pace | undefined {
    return this.#paces.get(orgId);
  }

  set(orgId: string, pace: Pace): void {
    if (this.#paces.get(orgId) === pace) return;
    this.#paces.delete(orgId);
    this.#paces.set(orgId, pace);
    if (this.#paces.size > MOST) this.#paces.delete(this.#paces.keys().next().value as string);
  }
}
