/** Something that is used: how much in all, and how much in its busiest second. Time only goes forward. */
export class Rate {
  readonly #from: number;
  #total = 0;
  #peak = 0;
  #second = 0;
  #inSecond = 0;

  /** @param from when counting begins, in Unix milliseconds */
  constructor(from: number) {
    this.#from = from;
  }

  get total(): number {
    return this.#total;
  }

  /** In the busiest second of the clock. */
  get peak(): number {
    return this.#peak;
  }

  /** @param now Unix milliseconds */
  add(amount: number, now: number): void {
    if (now < this.#from) return;
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    this.#total += amount;
    this.#inSecond += amount;
    this.#peak = Math.max(this.#peak, this.#inSecond);
  }
}

/** What all sweeps of a simulation use of their neighbours. */
export class Usage {
  /** Calls to EnOS. */
  readonly checks: Rate;
  /** Messages to SNS. */
  readonly events: Rate;
  /** Read units of the index. */
  readonly reads: Rate;
  /** Write units of the table, the shards' records included. */
  readonly tableWrites: Rate;
  /** Write units of the shards' records, which stand under one key. */
  readonly recordWrites: Rate;
  /** Write units of the index. */
  readonly indexWrites: Rate;
  /** Read and write units of each shard's part of the index. */
  readonly shardReads: Rate[];
  readonly shardWrites: Rate[];

  /** @param from when counting begins, in Unix milliseconds */
  constructor(shards: number, from: number) {
    this.checks = new Rate(from);
    this.events = new Rate(from);
    this.reads = new Rate(from);
    this.tableWrites = new Rate(from);
    this.recordWrites = new Rate(from);
    this.indexWrites = new Rate(from);
    this.shardReads = Array.from({ length: shards }, () => new Rate(from));
    this.shardWrites = Array.from({ length: shards }, () => new Rate(from));
  }
}
