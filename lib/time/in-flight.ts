/** Shares work that is in flight: at most one piece at a time for each key, however many callers wait for it. */
export class InFlight<Result> {
  readonly #works = new Map<string, Promise<Result>>();

  /** The result of the work in flight for a key, which is started if there is none. */
  share(key: string, start: () => Promise<Result>): Promise<Result> {
    let work = this.#works.get(key);
    if (!work) {
      work = start().finally(() => this.#works.delete(key));
      this.#works.set(key, work);
    }
    return work;
  }
}
