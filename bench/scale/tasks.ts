import type { SweepParts } from "../../lib/sweep/ports.ts";
import type { OpenTaskPage } from "../../lib/tracking/open-tasks.ts";
import type { OpenTask } from "../../lib/tracking/record.ts";
import { CPU_US, LATENCY_MS } from "./assumptions.ts";
import { INDEX_ITEM, itemBytes, queryUnits } from "./dynamodb-units.ts";
import { CLOSED, PENDING, type Population, RUNNING } from "./population.ts";
import type { Processor } from "./processor.ts";
import type { Usage } from "./usage.ts";
import { EPOCH, type VirtualTime } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** As many as the service asks DynamoDB for at a time. */
const PAGE_SIZE = 1_000;
const ITEM_BYTES = itemBytes(INDEX_ITEM);
/** No item is larger than 1 KB. A write here never changes the place in the index, which would cost it two units. */
const WRITE_UNITS = 1;

/** The table of tasks as one sweep sees it. */
export class SimulatedTasks implements Pick<SweepParts["tasks"], keyof SweepParts["tasks"]> {
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

  async page(shard: number, from: string, next?: Record<string, unknown>): Promise<OpenTaskPage> {
    await this.#time.after(LATENCY_MS.page);
    const { begins, state, trackedAt } = this.#population;
    const now = this.#time.now - EPOCH;
    const end = begins[shard + 1] as number;
    const tasks: OpenTask[] = [];
    let slot = next ? Number(next.slot) : (slotOf(from) ?? (begins[shard] as number));
    for (; slot < end && tasks.length < PAGE_SIZE; slot++) {
      if (state[slot] !== CLOSED && (trackedAt[slot] as number) <= now) tasks.push(this.#task(slot));
    }
    const units = queryUnits(tasks.length * ITEM_BYTES);
    this.#usage.reads.add(units, this.#time.now);
    this.#usage.shardReads[shard]?.add(units, this.#time.now);
    await this.#processor.spend(CPU_US.itemRead * tasks.length);
    return { tasks, unreadable: [], next: slot < end ? { slot } : undefined };
  }

  change(task: OpenTask): Promise<boolean> {
    return this.#write(task, (slot, now) => {
      this.#population.state[slot] = RUNNING;
      this.#population.stateSince[slot] = now;
    });
  }

  finish(task: OpenTask): Promise<boolean> {
    return this.#write(task, (slot) => {
      this.#population.state[slot] = CLOSED;
    });
  }

  missing(): Promise<boolean> {
    return Promise.reject(new Error("every simulated task is known to EnOS"));
  }

  async #write(task: OpenTask, write: (slot: number, now: number) => void): Promise<boolean> {
    const slot = Number(task.taskId);
    await this.#processor.spend(CPU_US.write);
    await this.#time.after(LATENCY_MS.item);
    this.#usage.tableWrites.add(WRITE_UNITS, this.#time.now);
    this.#usage.indexWrites.add(WRITE_UNITS, this.#time.now);
    this.#usage.shardWrites[this.#population.shardOf(slot)]?.add(WRITE_UNITS, this.#time.now);
    if (this.#population.state[slot] === CLOSED) return false;
    write(slot, this.#time.now - EPOCH);
    return true;
  }

  #task(slot: number): OpenTask {
    const { phase, organisation, state, stateSince, trackedAt } = this.#population;
    const first = phase[slot] as number;
    return {
      orgId: organisationId(organisation[slot] as number),
      channelId: "ch-dee0c5",
      taskId: String(slot),
      state: state[slot] === PENDING ? "pending" : "running",
      stateSince: EPOCH + (stateSince[slot] as number),
      trackedAt: EPOCH + (trackedAt[slot] as number),
      notFound: null,
      // The place stands for the other half of the hash: it keeps tasks of one phase apart, and in order.
      order: hex(first) + hex(slot),
      phase: first / 2 ** 32,
    };
  }
}

/** The organisation of this number, as shard records name it. */
export function organisationId(number: number): string {
  return `o${number}`;
}

function hex(number: number): string {
  return number.toString(16).padStart(8, "0");
}

/** The place that an order names; undefined for one that is before all. */
function slotOf(order: string): number | undefined {
  return order.length === 16 ? Number.parseInt(order.slice(8), 16) : undefined;
}
