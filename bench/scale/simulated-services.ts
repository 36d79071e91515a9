import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { MemoryTasks } from "../../local/harness/memory-tasks.ts";
import { seeded } from "../../local/harness/random.ts";
import { statusOf } from "../../local/harness/status.ts";
import { EPOCH, type VirtualTime } from "../../local/harness/virtual-time.ts";
import { CONSISTENT_READ_UNITS, INDEX_ITEM, itemBytes } from "../harness/sample-items.ts";
import { CPU_US, LATENCY_MS } from "./assumptions.ts";
import { type Population, type SimulatedTask, scheduled } from "./population.ts";
import type { Processor } from "./processor.ts";
import type { Rate } from "./rate.ts";

/** What all sweeps of a simulation share. */
export interface World {
  population: Population;
  time: VirtualTime;
  /**
   * Calls to EnOS, messages to SNS, read units, write units of tasks (the same number in the table and in the index),
   * and write units of the sweeps' own records.
   */
  usage: Record<"checks" | "events" | "reads" | "taskWrites" | "recordWrites", Rate>;
  /** For every end that was seen: its delay divided by the task's run time. */
  delays: number[];
}

const ITEM_BYTES = itemBytes(INDEX_ITEM);
/** The read units of a query of the index, which is eventually consistent: half a unit for every 4 KB. */
export const queryUnits = (items: number) => Math.max(1, Math.ceil((items * ITEM_BYTES) / 4_096)) / 2;
/** Items are smaller than 1 KB, and no write here changes the index key, which would cost the index two units. */
const WRITE_UNITS = 1;

/** The table of tasks, EnOS and the topic, as one sweep sees them. Every task succeeds. */
export function simulatedServices(
  { population, time, usage, delays }: World,
  processor: Processor,
  seed: number,
): Pick<SweepDependencies, "openTasks" | "enos" | "events"> {
  const random = seeded(seed);
  const find = (id: string) => population.tasks[Number(id)] as SimulatedTask;
  const openTasks = new MemoryTasks<SimulatedTask>({
    rows: {
      including: () => population.tasks,
      inShard: (shard) => population.shards[shard] ?? [],
      find: ({ taskId }) => find(taskId),
      openAt: openTaskAt,
      write: (task, { state }) => {
        task.state = state;
      },
      close: (task) => {
        task.state = "closed";
      },
    },
    now: () => time.now,
    latency: async (call) => {
      if (call === "page") return time.after(LATENCY_MS.page);
      await processor.spend(call === "read" ? CPU_US.current : CPU_US.write);
      await time.after(LATENCY_MS.item);
      if (call === "read") usage.reads.add(CONSISTENT_READ_UNITS, time.now);
      else usage.taskWrites.add(WRITE_UNITS, time.now);
    },
  }).store();
  return {
    openTasks: {
      ...openTasks,
      page: async (...args) => {
        const page = await openTasks.page(...args);
        usage.reads.add(queryUnits(page.read), time.now);
        await processor.spend(CPU_US.query + CPU_US.itemRead * page.read);
        return page;
      },
    },
    enos: {
      getDownloadStatus: async ({ orgId, channelId, taskId }, { signal } = {}) => {
        const { least, most } = LATENCY_MS.status;
        await time.after(least + random() * (most - least));
        usage.checks.add(1, time.now);
        const now = time.now - EPOCH;
        const task = find(taskId);
        const terminal = task.endsAt <= now;
        await processor.spend(CPU_US.check);
        signal?.throwIfAborted();
        // A terminal answer counts only once it is written.
        if (!terminal) task.checkedAt = now;
        return statusOf({ orgId, channelId, taskId }, terminal);
      },
    },
    events: {
      publish: async ({ subject }) => {
        const seen = time.now - EPOCH;
        await processor.spend(CPU_US.event);
        await time.after(LATENCY_MS.event);
        usage.events.add(1, time.now);
        const task = find(subject);
        if (!task.isAnnounced) delays.push((seen - task.endsAt) / (task.endsAt - task.trackedAt));
        task.isAnnounced = true;
      },
    },
  };
}

function openTaskAt(task: SimulatedTask, at: number): OpenTask | undefined {
  const { state } = task;
  const times = scheduled(task);
  if (state === "closed" || times.trackedAt > at) return undefined;
  return {
    orgId: task.orgId,
    channelId: "ch-dee0c5",
    taskId: String(task.id),
    state,
    notFound: null,
    deadlineAt: undefined,
    uncertainSince: undefined,
    indexKey: task.indexKey,
    ...times,
  };
}
