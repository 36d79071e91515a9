import { type KeyRange, parseIndexKey } from "../../lib/store/index-key.ts";
import { type IsWanted, type OpenTaskPage, PAGE_SIZE } from "../../lib/store/open-task-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { type Carried, NOTHING_CARRIED } from "../../lib/tasks/carried.ts";
import type { IndexKey, OpenTask } from "../../lib/tasks/record.ts";
import { CPU_US, LATENCY_MS } from "./assumptions.ts";
import { CONSISTENT_READ_UNITS, INDEX_ITEM, itemBytes, queryUnits } from "./dynamodb-units.ts";
import { CLOSED, PENDING, type Population, RUNNING } from "./population.ts";
import type { Processor } from "./processor.ts";
import type { Usage } from "./usage.ts";
import { EPOCH, type VirtualTime } from "./virtual-time.ts";
import type { World } from "./world.ts";

const ITEM_BYTES = itemBytes(INDEX_ITEM);
/** No item is larger than 1 KB. A write here never changes the place in the index, which would cost it two units. */
const WRITE_UNITS = 1;

/** The table of tasks as one sweep sees it. */
export class SimulatedTasks implements Pick<SweepDependencies["tasks"], keyof SweepDependencies["tasks"]> {
  readonly #population: Population;
  readonly #time: VirtualTime;
  readonly #usage: Usage;
  readonly #processor: Processor;

  constructor({ population, time, usage }: World, processor: Processor) {
    this.#population = population;
    this.#time = time;
    this.#usage = usage;
    this.#processor = processor;
  }

  async page(
    shard: number,
    range: KeyRange,
    isWanted: IsWanted,
    after?: Record<string, unknown>,
  ): Promise<OpenTaskPage> {
    await this.#time.after(LATENCY_MS.page);
    const { state, trackedAt } = this.#population;
    const now = this.#time.now - EPOCH;
    const past = this.#firstSlot(shard, range.through);
    const tasks: OpenTask[] = [];
    let read = 0;
    let slot = after ? Number(after.slot) + 1 : this.#firstSlot(shard, range.from);
    for (; slot < past && read < PAGE_SIZE; slot++) {
      if (state[slot] === CLOSED || (trackedAt[slot] as number) > now) continue;
      read++;
      const place = parseIndexKey(this.#population.indexKeyOf(slot)) as IndexKey;
      if (isWanted(place, undefined)) tasks.push(this.#task(slot, place));
    }
    const units = queryUnits(read * ITEM_BYTES);
    this.#usage.reads.add(units, this.#time.now);
    this.#usage.shardReads[shard]?.add(units, this.#time.now);
    await this.#processor.spend(CPU_US.query + CPU_US.itemRead * read);
    const end =
      slot < past ? { indexKey: this.#population.indexKeyOf(slot - 1), key: { slot: slot - 1 } } : undefined;
    return { read, tasks, unreadable: [], end };
  }

  change(task: OpenTask): Promise<boolean> {
    return this.#write(task, (slot) => {
      this.#population.state[slot] = RUNNING;
    });
  }

  finish(task: OpenTask): Promise<boolean> {
    return this.#write(task, (slot) => {
      this.#population.state[slot] = CLOSED;
    });
  }

  /** The index is never behind here: what it said is what the table says, unless the task was closed meanwhile. */
  async current(task: OpenTask): Promise<{ task: OpenTask; carried: Carried } | undefined> {
    await this.#processor.spend(CPU_US.current);
    await this.#time.after(LATENCY_MS.item);
    this.#usage.reads.add(CONSISTENT_READ_UNITS, this.#time.now);
    const isClosed = this.#population.state[Number(task.taskId)] === CLOSED;
    return isClosed ? undefined : { task, carried: NOTHING_CARRIED };
  }

  another(): Promise<undefined> {
    return Promise.reject(new Error("every organisation of a simulation answers"));
  }

  uncertain(): Promise<boolean> {
    return Promise.reject(new Error("every simulated answer says how its task is doing"));
  }

  missing(): Promise<boolean> {
    return Promise.reject(new Error("every simulated task is known to EnOS"));
  }

  async #write(task: OpenTask, write: (slot: number) => void): Promise<boolean> {
    const slot = Number(task.taskId);
    await this.#processor.spend(CPU_US.write);
    await this.#time.after(LATENCY_MS.item);
    this.#usage.tableWrites.add(WRITE_UNITS, this.#time.now);
    this.#usage.indexWrites.add(WRITE_UNITS, this.#time.now);
    this.#usage.shardWrites[this.#population.shardOf(slot)]?.add(WRITE_UNITS, this.#time.now);
    if (this.#population.state[slot] === CLOSED) return false;
    write(slot);
    return true;
  }

  #task(slot: number, place: IndexKey): OpenTask {
    const { organisation, state } = this.#population;
    return {
      orgId: organisationId(organisation[slot] as number),
      channelId: "ch-dee0c5",
      taskId: String(slot),
      state: state[slot] === PENDING ? "pending" : "running",
      notFound: null,
      deadlineAt: undefined,
      uncertainSince: undefined,
      ...place,
    };
  }

  /** The first of a shard's slots whose order is not less. */
  #firstSlot(shard: number, order: string): number {
    let low = this.#population.begins[shard] as number;
    let high = this.#population.begins[shard + 1] as number;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#population.indexKeyOf(middle) < order) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The organisation of this number, as shard records name it. */
export function organisationId(number: number): string {
  return `o${number}`;
}
