/** Something that is used: how much in all, and how much in its busiest second. Time only goes forward. */
export class Rate {
  readonly #from: number;
  #second = 0;
  #inSecond = 0;
  total = 0;
  /** In the busiest second of the clock. */
  peak = 0;

  /** @param from when counting begins, in Unix milliseconds */
  constructor(from: number) {
    this.#from = from;
  }

  /** @param now Unix milliseconds */
  add(amount: number, now: number): void {
    if (now < this.#from) return;
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    this.#inSecond += amount;
    this.total += amount;
    this.peak = Math.max(this.peak, this.#inSecond);
  }
}
