import type { HealthRecord } from "../store/health-store.ts";
import type { OpenTask } from "../tasks/record.ts";

/** A task that EnOS may be asked about out of turn. */
export interface Candidate {
  task: OpenTask;
  /** Until when it is checked, in Unix milliseconds. */
  checkedThrough: number;
}

/**
 * Of each organisation or gateway that may be probed one task to do it with: of a gateway's organisations each is as
 * likely as any other, and of an organisation's tasks each is as likely as any other.
 */
export class ProbeCandidates implements Iterable<[probe: HealthRecord, candidate: Candidate]> {
  readonly #chosen = new Map<HealthRecord, Candidate & { seen: Set<string> }>();

  consider(probe: HealthRecord, candidate: Candidate): void {
    const { task } = candidate;
    const seen = this.#chosen.get(probe)?.seen ?? new Set<string>();
    const size = seen.size;
    seen.add(probe.scope === "origin" ? task.orgId : task.indexKey);
    // The nth that is met takes the place with a chance of one in n.
    if (seen.size > size && Math.random() * seen.size < 1) this.#chosen.set(probe, { ...candidate, seen });
  }

  [Symbol.iterator](): Iterator<[HealthRecord, Candidate]> {
    return this.#chosen.entries();
  }
}
