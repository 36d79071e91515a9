import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";

/**
 * Checks of tasks past their deadline whose organisation is stuck only because its gateway is. They wait until that
 * organisation has been asked itself: if it is answered so are they, and a task that has ended is not given up.
 */
export class HeldBack {
  readonly #breakers: Pick<Breakers, "stuck" | "isStuckOnlyByGateway">;
  readonly #checks = new Map<string, Check[]>();

  constructor(breakers: Pick<Breakers, "stuck" | "isStuckOnlyByGateway">) {
    this.#breakers = breakers;
  }

  /** The organisations with checks that are held back. */
  get orgIds(): string[] {
    return [...this.#checks.keys()];
  }

  /** Holds a check back; false if there is nothing to wait for. */
  add(check: Check): boolean {
    if (!this.#breakers.isStuckOnlyByGateway(check.orgId)) return false;
    const checks = this.#checks.get(check.orgId);
    if (checks) checks.push(check);
    else this.#checks.set(check.orgId, [check]);
    return true;
  }

  /** Removes one check of an organisation, to ask for that organisation's second opinion with it. */
  takeOne(orgId: string): Check | undefined {
    const check = this.#checks.get(orgId)?.pop();
    if (this.#checks.get(orgId)?.length === 0) this.#checks.delete(orgId);
    return check;
  }

  /** Removes the checks for which the wait is over: their organisations are answered, or stuck themselves. */
  release(): { answered: Check[]; stuck: Check[] } {
    const released = { answered: [] as Check[], stuck: [] as Check[] };
    for (const [orgId, checks] of this.#checks) {
      if (this.#breakers.isStuckOnlyByGateway(orgId)) continue;
      this.#checks.delete(orgId);
      const kind = this.#breakers.stuck(orgId) ? "stuck" : "answered";
      for (const check of checks) released[kind].push(check);
    }
    return released;
  }

  /** Removes all checks. */
  clear(): Check[] {
    const all = [...this.#checks.values()].flat();
    this.#checks.clear();
    return all;
  }
}
