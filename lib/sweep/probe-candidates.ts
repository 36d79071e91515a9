import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";

/** A due task that EnOS may be asked about out of turn. */
export interface Candidate {
  task: OpenTask;
  /** How far it has been checked. */
  checked: Checked;
}

interface Drawn {
  candidate: Candidate;
  isPreferred: boolean;
  /** The number of tasks, or of groups of tasks, of which it was drawn. */
  of: number;
  groups: Set<string>;
}

/** Draws one task for each organisation or gateway, whatever {@link Key} stands for it, with equal probability. */
export class ProbeCandidates<Key> implements Iterable<[Key, Candidate]> {
  readonly #drawn = new Map<Key, Drawn>();

  /**
   * Lets a task be drawn.
   *
   * @param group if given, groups are equally likely, not tasks: of each group, only the first task may be drawn
   * @param isPreferred others are drawn only if none is preferred
   */
  consider(
    key: Key,
    candidate: Candidate,
    { group, isPreferred = true }: { group?: string | undefined; isPreferred?: boolean } = {},
  ): void {
    let drawn = this.#drawn.get(key);
    if (drawn?.isPreferred && !isPreferred) return;
    if (drawn?.isPreferred !== isPreferred) {
      drawn = { candidate, isPreferred, of: 0, groups: new Set() };
      this.#drawn.set(key, drawn);
    }
    if (group !== undefined) {
      if (drawn.groups.has(group)) return;
      drawn.groups.add(group);
    }
    // Reservoir sampling: the nth candidate replaces the one that was drawn with a probability of 1/n.
    if (Math.random() * ++drawn.of < 1) drawn.candidate = candidate;
  }

  *[Symbol.iterator](): Iterator<[Key, Candidate]> {
    for (const [key, { candidate }] of this.#drawn) yield [key, candidate];
  }
}
