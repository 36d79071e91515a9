import { PAGE_SIZE } from "../../lib/store/open-task-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { NOTHING_CARRIED } from "../../lib/tasks/carried.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { seeded } from "../../local/harness/random.ts";
import { statusOf } from "../../local/harness/status.ts";
import { EPOCH, type VirtualTime } from "../../local/harness/virtual-time.ts";
import { CONSISTENT_READ_UNITS, INDEX_ITEM, itemBytes } from "../harness/sample-items.ts";
import { CPU_US, LATENCY_MS } from "./assumptions.ts";
import { firstAt, type Population, type SimulatedTask, scheduled } from "./population.ts";
import type { Processor } from "./processor.ts";
import type { Rate } from "./rate.ts";

/** What all sweeps of a simulation share, and what is noted of them. */
export interface World {
  population: Population;
  time: VirtualTime;
  /**
   * Calls to EnOS; messages to SNS; read units; write units of tasks, in the table and in the index as many each, and
   * of the sweeps' own records in the table.
   */
  usage: Record<"checks" | "events" | "reads" | "taskWrites" | "recordWrites", Rate>;
  /** Of every end that was seen, the delay over the task's run time. */
  delays: number[];
}

const ITEM_BYTES = itemBytes(INDEX_ITEM);
/** Read units of a query of the index, which is never consistent: half a unit for each 4 KB of all its items together. */
export const queryUnits = (items: number) => Math.max(1, Math.ceil((items * ITEM_BYTES) / 4_096)) / 2;
/** No item is larger than 1 KB. A write here never changes the index key, which would cost the index two units. */
const WRITE_UNITS = 1;

/** The table of tasks, EnOS and the topic as one sweep sees them. The index is never behind; every task succeeds. */
export function neighbours(
  { population, time, usage, delays }: World,
  processor: Processor,
  seed: number,
): Pick<SweepDependencies, "tasks" | "enos" | "events"> {
  const random = seeded(seed);
  const find = (id: string) => population.tasks[Number(id)] as SimulatedTask;
  const write = async ({ taskId }: OpenTask, state: SimulatedTask["state"]) => {
    await processor.spend(CPU_US.write);
    await time.after(LATENCY_MS.item);
    usage.taskWrites.add(WRITE_UNITS, time.now);
    const task = find(taskId);
    if (task.state === "closed") return false;
    task.state = state;
    return true;
  };
  return {
    tasks: {
      page: async (number, range, isWanted, after) => {
        await time.after(LATENCY_MS.page);
        const shard = population.shards[number] as SimulatedTask[];
        const now = time.now - EPOCH;
        const past = firstAt(shard, range.through);
        const tasks: OpenTask[] = [];
        let read = 0;
        let place = after ? Number(after.place) + 1 : firstAt(shard, range.from);
        for (; place < past && read < PAGE_SIZE; place++) {
          const task = shard[place] as SimulatedTask;
          if (task.state === "closed" || task.trackedAt > now) continue;
          read++;
          const key = { indexKey: task.indexKey, ...scheduled(task) };
          if (isWanted(key, undefined)) tasks.push(openTask(task));
        }
        usage.reads.add(queryUnits(read), time.now);
        await processor.spend(CPU_US.query + CPU_US.itemRead * read);
        const last = shard[place - 1] as SimulatedTask;
        const end = place < past ? { indexKey: last.indexKey, key: { place: place - 1 } } : undefined;
        return { read, tasks, unreadable: [], end };
      },
      current: async (task) => {
        await processor.spend(CPU_US.current);
        await time.after(LATENCY_MS.item);
        usage.reads.add(CONSISTENT_READ_UNITS, time.now);
        return find(task.taskId).state === "closed" ? undefined : { task, carried: NOTHING_CARRIED };
      },
      change: (task) => write(task, "running"),
      finish: (task) => write(task, "closed"),
      another: () => Promise.reject(new Error("every organisation of a simulation answers")),
      uncertain: () => Promise.reject(new Error("every simulated answer says how its task is doing")),
      missing: () => Promise.reject(new Error("every simulated task is known to EnOS")),
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
        // An end counts when it is written.
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

function openTask(task: SimulatedTask): OpenTask {
  return {
    orgId: task.orgId,
    channelId: "ch-dee0c5",
    taskId: String(task.id),
    state: task.state === "pending" ? "pending" : "running",
    notFound: null,
    deadlineAt: undefined,
    uncertainSince: undefined,
    indexKey: task.indexKey,
    ...scheduled(task),
  };
}
