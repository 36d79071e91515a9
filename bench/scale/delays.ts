/** How long ends waited to be seen; all in milliseconds. */
export class Delays {
  readonly #from: number;
  /** The delay over the task's run time, of every end. */
  readonly relative: number[] = [];
  longest = 0;
  /** By how much a delay exceeded the schedule's bound at most; negative when none did. */
  excess = Number.NEGATIVE_INFINITY;

  /** @param from when counting begins, in Unix milliseconds */
  constructor(from: number) {
    this.#from = from;
  }

  /**
   * @param seen when the end was seen, in Unix milliseconds
   * @param bound the longest time between two checks the task's age
   */
  add(seen: number, delay: number, runTime: number, bound: number): void {
    if (seen < this.#from) return;
    this.relative.push(delay / runTime);
    this.longest = Math.max(this.longest, delay);
    this.excess = Math.max(this.excess, delay - bound);
  }
}
