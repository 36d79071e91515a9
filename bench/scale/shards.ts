import { CLOCK_ERROR_MS, NEVER_SWEPT, type Progress } from "../../lib/store/checkpoint.ts";
import { isLeased, type Shard } from "../../lib/store/shard-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { LATENCY_MS } from "./assumptions.ts";
import type { Usage } from "./usage.ts";
import { EPOCH, type VirtualTime } from "./virtual-time.ts";

/** The shards' records, shared by all sweeps, under the conditions that `ShardStore` writes with. */
export class SimulatedShards implements Pick<SweepDependencies["shards"], keyof SweepDependencies["shards"]> {
  readonly #time: VirtualTime;
  readonly #usage: Usage;
  readonly #shards: Shard[];
  readonly #owners = new Map<number, string>();

  /** All shards are swept through when the time begins. */
  constructor(count: number, time: VirtualTime, usage: Usage) {
    this.#time = time;
    this.#usage = usage;
    const progress = { ...NEVER_SWEPT, sweptThrough: EPOCH };
    this.#shards = Array.from({ length: count }, (_, number) => ({
      number,
      progress,
      watermark: EPOCH,
      leaseUntil: 0,
    }));
  }

  /** How far each shard has been swept. */
  get progress(): Progress[] {
    return this.#shards.map(({ progress }) => progress);
  }

  async list(): Promise<Shard[]> {
    await this.#time.after(LATENCY_MS.item);
    return this.#shards.map((shard) => ({ ...shard }));
  }

  async lease(found: Shard, owner: string, now: number, until: number): Promise<Shard | undefined> {
    await this.#write();
    const shard = this.#shards[found.number] as Shard;
    const sweptSince = shard.watermark > found.watermark && shard.watermark <= now + CLOCK_ERROR_MS;
    const isOwn = this.#owners.get(shard.number) === owner;
    if ((isLeased(shard, now) || sweptSince) && !isOwn) return undefined;
    shard.leaseUntil = until;
    this.#owners.set(shard.number, owner);
    return { ...shard };
  }

  async release(number: number, owner: string, progress?: Progress): Promise<boolean> {
    await this.#write();
    if (this.#owners.get(number) !== owner) return false;
    const shard = this.#shards[number] as Shard;
    shard.leaseUntil = 0;
    if (progress) {
      shard.progress = progress;
      shard.watermark = progress.sweptThrough;
    }
    return true;
  }

  async #write(): Promise<void> {
    await this.#time.after(LATENCY_MS.item);
    // Also one that its condition refuses.
    this.#usage.tableWrites.add(1, this.#time.now);
    this.#usage.recordWrites.add(1, this.#time.now);
  }
}
