import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";

/** A task that EnOS may be asked about out of turn. */
export interface Candidate {
  task: OpenTask;
  /** How far it has been checked. */
  checked: Checked;
  /** Whether it is past its deadline, and so is given up if it is not drawn. */
  isLate: boolean;
}

interface Drawn {
  candidate: Candidate;
  rank: readonly number[];
  /** The number of tasks, or of groups of tasks, of which it was drawn. */
  of: number;
  groups: Set<string>;
  isTaken: boolean;
}

/** Draws one task for each organisation or gateway, whatever {@link Key} stands for it, with equal probability. */
export class ProbeCandidates<Key> {
  readonly #drawn = new Map<Key, Drawn>();

  /**
   * Lets a task be drawn, unless one was {@link take taken} for its key.
   *
   * @param group if given, groups are equally likely, not tasks: of each group, only the first task may be drawn
   * @param rank others are drawn only if none has a higher one: the first entry that differs decides
   * @returns the task that is not drawn from now on: this one, or the one that was drawn so far
   */
  consider(
    key: Key,
    candidate: Candidate,
    { group, rank }: { group?: string | undefined; rank: readonly number[] },
  ): Candidate | undefined {
    const before = this.#drawn.get(key);
    if (before?.isTaken) return candidate;
    const difference = before ? compare(rank, before.rank) : 1;
    if (difference < 0) return candidate;
    if (!before || difference > 0) {
      const groups = new Set(group === undefined ? [] : [group]);
      this.#drawn.set(key, { candidate, rank, of: 1, groups, isTaken: false });
      return before?.candidate;
    }
    if (group !== undefined) {
      if (before.groups.has(group)) return candidate;
      before.groups.add(group);
    }
    // Reservoir sampling: the nth candidate replaces the one that was drawn with a probability of 1/n.
    if (Math.random() * ++before.of >= 1) return candidate;
    const { candidate: replaced } = before;
    before.candidate = candidate;
    return replaced;
  }

  /** Takes the tasks that were drawn and not taken yet. */
  take(): [Key, Candidate][] {
    const drawn = [...this.#drawn].filter(([, { isTaken }]) => !isTaken);
    return drawn.map(([key, one]) => {
      one.isTaken = true;
      return [key, one.candidate];
    });
  }
}

/** Which of two ranks of the same length is higher: positive for the first, negative for the second, 0 for neither. */
function compare(first: readonly number[], second: readonly number[]): number {
  for (const [index, entry] of first.entries()) {
    const difference = entry - (second[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
