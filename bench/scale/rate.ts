/** How much of something is used: in total, and in the busiest second. */
export class Rate {
  readonly #from: number;
  #second = 0;
  #inSecond = 0;
  total = 0;
  peak = 0;

  /** @param from Unix milliseconds; what is used before is not counted */
  constructor(from: number) {
    this.#from = from;
  }

  /** @param now Unix milliseconds, never less than in an earlier call */
  add(amount: number, now: number): void {
    if (now < this.#from) return;
    const second = Math.floor(now / 1000);
    this.#inSecond = second === this.#second ? this.#inSecond + amount : amount;
    this.#second = second;
    this.total += amount;
    this.peak = Math.max(this.peak, this.#inSecond);
  }
}
