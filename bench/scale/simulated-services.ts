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
  const impossible = () =>
    Promise.reject(new Error("EnOS knows every simulated task and answers every call"));
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
    openTasks: {
      page: async (number, range, isWanted, after) => {
        await time.after(LATENCY_MS.page);
        const shard = population.shards[number] as SimulatedTask[];
        const now = time.now - EPOCH;
        const past = firstAt(shard, range.through);
        const tasks: OpenTask[] = [];
        let read = 0;
        let position = after ? Number(after.position) + 1 : firstAt(shard, range.from);
        for (; position < past && read < PAGE_SIZE; position++) {
          const task = shard[position] as SimulatedTask;
          if (task.state === "closed" || task.trackedAt > now) continue;
          read++;
          if (isWanted({ indexKey: task.indexKey, ...scheduled(task) }, undefined))
            tasks.push(openTask(task));
        }
        usage.reads.add(queryUnits(read), time.now);
        await processor.spend(CPU_US.query + CPU_US.itemRead * read);
        const { indexKey } = shard[position - 1] ?? { indexKey: "" };
        const end = position < past ? { indexKey, key: { position: position - 1 } } : undefined;
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
      another: impossible,
      uncertain: impossible,
      missing: impossible,
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
