/** The most tasks that are remembered, of all organisations. */
const MOST = 20_000;

const NONE: ReadonlySet<string> = new Set();

/** A task, as it is remembered. */
interface Named {
  orgId: string;
  indexKey: string;
}

/**
 * The tasks whose last call of this process went unanswered. An organisation may be answered about all of its tasks but a
 * few: once these are known, calls about them wait behind those about the others, and say nothing about its health.
 */
export class Suspects {
  /** Index keys by organisation. No set is empty. */
  readonly #keys = new Map<string, Set<string>>();
  #length = 0;

  /** Whether a task is a suspect. */
  has({ orgId, indexKey }: Named): boolean {
    return this.of(orgId).has(indexKey);
  }

  /** The index keys of an organisation's suspects. */
  of(orgId: string): ReadonlySet<string> {
    return this.#keys.get(orgId) ?? NONE;
  }

  /** Notes that a call about a task went unanswered. */
  add({ orgId, indexKey }: Named): void {
    if (this.has({ orgId, indexKey })) return;
    if (this.#length === MOST) {
      const [[other, keys]] = this.#keys as Iterable<[string, Set<string>]> as [[string, Set<string>]];
      this.remove({ orgId: other, indexKey: keys.values().next().value as string });
    }
    const keys = this.#keys.get(orgId);
    if (keys) keys.add(indexKey);
    else this.#keys.set(orgId, new Set([indexKey]));
    this.#length++;
  }

  /** Notes that a call about a task was answered. */
  remove({ orgId, indexKey }: Named): void {
    const keys = this.#keys.get(orgId);
    if (!keys?.delete(indexKey)) return;
    this.#length--;
    if (keys.size === 0) this.#keys.delete(orgId);
  }
}
