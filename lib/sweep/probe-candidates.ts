import type { HealthRecord } from "../store/health-store.ts";
import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";

/** A task that EnOS may be asked about out of turn. */
export interface Candidate {
  task: OpenTask;
  /** How far it has been checked. */
  checked: Checked;
}

/** Draws one task for each organisation, each of its tasks with equal probability. */
export class DrawnTasks implements Iterable<[orgId: string, candidate: Candidate]> {
  readonly #drawn = new Map<string, { candidate: Candidate; of: number }>();

  consider(orgId: string, candidate: Candidate): void {
    const drawn = this.#drawn.get(orgId);
    const of = (drawn?.of ?? 0) + 1;
    // Reservoir sampling, as below.
    const isDrawn = !drawn || Math.random() * of < 1;
    this.#drawn.set(orgId, { candidate: isDrawn ? candidate : drawn.candidate, of });
  }

  *[Symbol.iterator](): Iterator<[string, Candidate]> {
    for (const [orgId, { candidate }] of this.#drawn) yield [orgId, candidate];
  }
}

/**
 * Draws one task for each organisation or gateway that may be probed. Each of a gateway's organisations is equally
 * likely, and so is each of an organisation's tasks. An organisation without credentials is drawn only if there is no
 * other.
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
    // Reservoir sampling: the nth candidate replaces the chosen one with a probability of 1/n.
    if (seen.size > size && Math.random() * seen.size < 1) {
      this.#chosen.set(probe, { ...candidate, seen, isCallable });
    }
  }

  [Symbol.iterator](): Iterator<[HealthRecord, Candidate]> {
    return this.#chosen.entries();
  }
}
