/** Work that was begun and that nobody has waited for yet. */
export class Unfinished {
  readonly #works = new Set<Promise<void>>();

  /** Adds work, which must not reject. */
  add(work: Promise<void>): void {
    const pending = work.finally(() => this.#works.delete(pending));
    this.#works.add(pending);
  }

  /** Resolves when all work has ended, and all that was added meanwhile. */
  async onEnd(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works);
  }
}
