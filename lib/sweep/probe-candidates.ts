import type { HealthRecord } from "../store/health-store.ts";
import type { OpenTask } from "../tasks/record.ts";

/** A task that a probe may be made with. */
export interface ProbeCandidate {
  task: OpenTask;
  /** Until when it is checked, in Unix milliseconds. */
  checkedThrough: number;
  /** Whether its organisation is stuck itself, behind a gateway that is to be probed. */
  isSecondChoice: boolean;
}

/**
 * Of each organisation or gateway that may be probed one task to do it with: of a gateway's organisations each is as
 * likely as any other, but those go first that are not stuck themselves, and of an organisation's tasks each is as
 * likely as any other.
 */
export class ProbeCandidates implements Iterable<[probe: HealthRecord, candidate: ProbeCandidate]> {
  readonly #chosen = new Map<HealthRecord, ProbeCandidate & { seen: Set<string> }>();

  consider(probe: HealthRecord, candidate: ProbeCandidate): void {
    const { task, isSecondChoice } = candidate;
    const before = this.#chosen.get(probe);
    if (before && isSecondChoice && !before.isSecondChoice) return;
    const seen = before && before.isSecondChoice === isSecondChoice ? before.seen : new Set<string>();
    const size = seen.size;
    seen.add(probe.scope === "origin" ? task.orgId : task.indexKey);
    // The nth that is met takes the place with a chance of one in n.
    if (seen.size > size && Math.random() * seen.size < 1) this.#chosen.set(probe, { ...candidate, seen });
  }

  [Symbol.iterator](): Iterator<[HealthRecord, ProbeCandidate]> {
    return this.#chosen.entries();
  }
}
