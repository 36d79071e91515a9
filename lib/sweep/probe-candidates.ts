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
 * likely as any other, and of an organisation's tasks each is as likely as any other. Who has no
 * credentials is drawn only where there is nobody else.
 */
export class ProbeCandidates implements Iterable<[probe: HealthRecord, candidate: Candidate]> {
  readonly #chosen = new Map<HealthRecord, Candidate & { seen: Set<string>; isCallable: boolean }>();

  /** @param isCallable whether the task's organisation has credentials, as far as is known */
  consider(probe: HealthRecord, candidate: Candidate, isCallable = true): void {
    const { task } = candidate;
    const chosen = this.#chosen.get(probe);
    if (chosen?.isCallable && !isCallable) return;
    const seen = chosen?.isCallable === isCallable ? chosen.seen : new Set<string>();
    const size = seen.size;
    seen.add(probe.scope === "origin" ? task.orgId : task.indexKey);
    // The nth that is met takes the place with a chance of one in n.
    if (seen.size > size && Math.random() * seen.size < 1) {
      this.#chosen.set(probe, { ...candidate, seen, isCallable });
    }
  }

  [Symbol.iterator](): Iterator<[HealthRecord, Candidate]> {
    return this.#chosen.entries();
  }
}
