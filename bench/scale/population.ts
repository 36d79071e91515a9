import { indexKeyOf, OFFSETS, SEGMENTS } from "../../lib/store/index-key.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import { type Random, seeded } from "../../local/harness/random.ts";
import type { Durations } from "../simulation/durations.ts";
import { OpenAges } from "./open-ages.ts";
import { EPOCH } from "./virtual-time.ts";

/** What becomes of a task: a number each, since there are millions of them. */
export const PENDING = 0;
export const RUNNING = 1;
export const CLOSED = 2;

/** Stands for the time of a check that was never made. */
export const NEVER = -1;

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

/** Room for the time in a key that is sorted by, in milliseconds, and for a task's number in its shard. */
const TIMES = 2 ** 28;
const NUMBERS = 2 ** 21;

/**
 * Tasks in a steady state: as many arrive as end. They lie in arrays, a number of each task at the same place, shard
 * after shard and in a shard in the index's order; a task that arrives later has its place from the beginning.
 *
 * Times are milliseconds since the time began.
 */
export class Population {
  /** Where each shard's tasks begin, and at the very end where the last one's end. */
  readonly begins: Uint32Array;
  /** The offset, in OFFSETS-ths. */
  readonly offset: Uint32Array;
  readonly organisation: Uint16Array;
  readonly trackedAt: Int32Array;
  readonly endsAt: Int32Array;
  readonly state: Uint8Array;
  /** When EnOS last answered about the task; NEVER when it has not. */
  readonly checkedAt: Int32Array;
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
    this.offset = new Uint32Array(size).map(() => random() * OFFSETS);
    this.organisation = new Uint16Array(size);
    this.trackedAt = new Int32Array(size);
    this.endsAt = new Int32Array(size);
    this.state = new Uint8Array(size);
    // A sweep has just ended when the time begins.
    this.checkedAt = new Int32Array(size);
    this.isAnnounced = new Uint8Array(size);

    let toArrive = arrivals;
    for (let slot = 0; slot < size; slot++) {
      this.organisation[slot] = Math.floor(random() * organisations);
      // Selection sampling: in the end exactly as many arrive as should, at places that nothing favours.
      if (random() * (size - slot) < toArrive) {
        toArrive--;
        const at = random() * horizonMs;
        this.trackedAt[slot] = at;
        this.endsAt[slot] = at + durations.draw(random);
        this.checkedAt[slot] = NEVER;
      } else {
        const open = ages.draw((this.offset[slot] as number) / OFFSETS);
        this.trackedAt[slot] = -open.age;
        this.endsAt[slot] = open.duration - open.age;
        this.state[slot] = RUNNING;
      }
    }
    for (let shard = 0; shard < shards; shard++) this.#sort(shard);
  }

  /** The order that the index has a task in. */
  indexKeyOf(slot: number): string {
    return indexKeyOf(EPOCH + (this.trackedAt[slot] as number), (this.offset[slot] as number) / OFFSETS);
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

  /** Brings a shard's tasks into the index's order. */
  #sort(shard: number): void {
    const begin = this.begins[shard] as number;
    const end = this.begins[shard + 1] as number;
    const keys = new Float64Array(end - begin).map((_, number) => {
      const part = Math.floor(((this.offset[begin + number] as number) / OFFSETS) * SEGMENTS);
      const time = (this.trackedAt[begin + number] as number) + TIMES / 2;
      return (part * TIMES + time) * NUMBERS + number;
    });
    keys.sort();
    const all = [this.offset, this.organisation, this.trackedAt, this.endsAt, this.state, this.checkedAt];
    for (const values of all) {
      const before = values.slice(begin, end);
      for (let slot = begin; slot < end; slot++)
        values[slot] = before[(keys[slot - begin] as number) % NUMBERS] as number;
    }
    // Between tasks that were tracked in the same millisecond the finer digits of the offset decide.
    for (let slot = begin + 1; slot < end; slot++) {
      for (let here = slot; here > begin && this.indexKeyOf(here) < this.indexKeyOf(here - 1); here--) {
        for (const values of all) {
          [values[here - 1], values[here]] = [values[here] as number, values[here - 1] as number];
        }
      }
    }
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
