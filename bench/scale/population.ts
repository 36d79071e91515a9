import type { Schedule } from "../../lib/tracking/schedule.ts";
import type { Durations } from "../simulation/durations.ts";
import { type Random, seeded } from "../simulation/random.ts";
import { OpenAges } from "./open-ages.ts";

/** What becomes of a task: a number each, since there are millions of them. */
export const PENDING = 0;
export const RUNNING = 1;
export const CLOSED = 2;

/** Which tasks there are. */
export interface PopulationOptions {
  /** Open when the time begins. */
  tasks: number;
  shards: number;
  organisations: number;
  durations: Durations;
  schedule: Schedule;
  /** From one sweep to the next, in milliseconds. */
  sweepMs: number;
  /** For how long new tasks arrive, in milliseconds. */
  horizonMs: number;
  seed: number;
}

/**
 * Tasks in a steady state: as many arrive as end. They lie in arrays, a number of each task at the same place, shard
 * after shard and in a shard in the index's order; a task that arrives later has its place from the beginning.
 *
 * Times are milliseconds since the time began.
 */
export class Population {
  /** Where each shard's tasks begin, and at the very end where the last one's end. */
  readonly begins: Uint32Array;
  /** The first 32 bits of a task's order. */
  readonly phase: Uint32Array;
  readonly organisation: Uint16Array;
  readonly trackedAt: Int32Array;
  readonly endsAt: Int32Array;
  readonly state: Uint8Array;
  readonly stateSince: Int32Array;
  /** 1 when the task's end has been published. */
  readonly isAnnounced: Uint8Array;
  /** Tasks that begin to be tracked, per second. */
  readonly arrivalsPerSecond: number;

  constructor(options: PopulationOptions) {
    const { tasks, shards, organisations, durations, horizonMs } = options;
    const random = seeded(options.seed);
    const ages = new OpenAges(options, random);
    this.arrivalsPerSecond = (tasks / ages.meanOpenMs) * 1000;
    const arrivals = Math.round((this.arrivalsPerSecond * horizonMs) / 1000);
    const size = tasks + arrivals;
    this.begins = beginnings(size, shards, random);
    this.phase = phases(this.begins, random);
    this.organisation = new Uint16Array(size);
    this.trackedAt = new Int32Array(size);
    this.endsAt = new Int32Array(size);
    this.state = new Uint8Array(size);
    this.stateSince = new Int32Array(size);
    this.isAnnounced = new Uint8Array(size);

    let toArrive = arrivals;
    for (let slot = 0; slot < size; slot++) {
      this.organisation[slot] = Math.floor(random() * organisations);
      // Selection sampling: in the end exactly as many arrive as should, at places that nothing favours.
      if (random() * (size - slot) < toArrive) {
        toArrive--;
        const at = random() * horizonMs;
        this.trackedAt[slot] = at;
        this.stateSince[slot] = at;
        this.endsAt[slot] = at + durations.draw(random);
      } else {
        const open = ages.draw((this.phase[slot] as number) / 2 ** 32);
        this.trackedAt[slot] = -open.age;
        this.stateSince[slot] = open.stateSince;
        this.endsAt[slot] = open.duration - open.age;
        this.state[slot] = RUNNING;
      }
    }
  }

  /** The shard that a task lies in. */
  shardOf(slot: number): number {
    let low = 0;
    let high = this.begins.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.begins[middle] as number) <= slot) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Every task in a shard by chance, as by its hash. */
function beginnings(size: number, shards: number, random: Random): Uint32Array {
  const begins = new Uint32Array(shards + 1);
  for (let task = 0; task < size; task++) {
    const after = Math.floor(random() * shards) + 1;
    begins[after] = (begins[after] as number) + 1;
  }
  for (let shard = 1; shard <= shards; shard++) {
    begins[shard] = (begins[shard] as number) + (begins[shard - 1] as number);
  }
  return begins;
}

function phases(begins: Uint32Array, random: Random): Uint32Array {
  const drawn = new Uint32Array(begins.at(-1) ?? 0).map(() => random() * 2 ** 32);
  for (let shard = 1; shard < begins.length; shard++) {
    drawn.subarray(begins[shard - 1], begins[shard]).sort();
  }
  return drawn;
}
