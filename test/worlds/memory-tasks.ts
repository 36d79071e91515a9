import { indexEntryOf, parseIndexKey } from "../../lib/store/index-key.ts";
import type { OpenTaskPage } from "../../lib/store/open-task-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { NOTHING_CARRIED } from "../../lib/tasks/carried.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import type { TerminalState, TrackedState } from "../../lib/tasks/state.ts";

const LATENCY_MS = 5;
const PAGE_SIZE = 50;

/** A task of a world; times are Unix milliseconds by a true clock. */
export interface WorldTask {
  orgId: string;
  taskId: string;
  shard: number;
  indexKey: string;
  trackedAt: number;
  offset: number;
  putAt: number;
  endsAt: number;
  deletedAt: number;
  isNeverAnswered: boolean;
  deadlineAt: number | undefined;
  closedAt: number;
  closedAs: TerminalState | undefined;
  /** When EnOS answered about it. */
  answeredAt: number[];
  /** When one of these answers had a usable status. */
  knownAt: number[];
  /** Its states in the table, and when each was written. */
  states: { at: number; state: TrackedState }[];
  /** The values of `uncertainSince` in the table, and when each was written. */
  uncertain: { at: number; since: number | undefined }[];
}

/** The table of tasks in memory, with an index that lags behind it. */
export class MemoryTasks {
  readonly #time: { now: number; after(ms: number): Promise<void> };
  readonly #indexDelayMs: number;
  readonly #pageMs: number;
  readonly #byShard = new Map<number, WorldTask[]>();
  readonly byId = new Map<string, WorldTask>();

  constructor(
    time: { now: number; after(ms: number): Promise<void> },
    { indexDelayMs, pageMs }: { indexDelayMs: number; pageMs: number },
  ) {
    this.#time = time;
    this.#indexDelayMs = indexDelayMs;
    this.#pageMs = pageMs;
  }

  add(
    task: Pick<
      WorldTask,
      "orgId" | "taskId" | "putAt" | "endsAt" | "deletedAt" | "isNeverAnswered" | "deadlineAt"
    >,
    trackedAt: number,
    shards: number,
  ): WorldTask {
    const { openShard, openKey } = indexEntryOf({ ...task, channelId: "c" }, trackedAt, shards);
    const { offset } = parseIndexKey(openKey) as { offset: number };
    const added: WorldTask = {
      ...task,
      shard: openShard,
      indexKey: openKey,
      trackedAt,
      offset,
      closedAt: Number.POSITIVE_INFINITY,
      closedAs: undefined,
      answeredAt: [],
      knownAt: [],
      states: [{ at: task.putAt, state: "pending" }],
      uncertain: [],
    };
    const shard = this.#byShard.get(openShard) ?? [];
    shard.push(added);
    this.#byShard.set(openShard, shard);
    this.byId.set(added.taskId, added);
    return added;
  }

  /** Must be called once all tasks have been added. */
  sort(): void {
    for (const shard of this.#byShard.values()) shard.sort((a, b) => (a.indexKey < b.indexKey ? -1 : 1));
  }

  /** Whether the task is open in the table at a time. */
  isOpen(task: WorldTask, at = this.#time.now): boolean {
    return task.putAt <= at && at < task.closedAt && at < task.deletedAt;
  }

  store(): SweepDependencies["openTasks"] {
    return {
      page: async (shard, range, isWanted, after, signal): Promise<OpenTaskPage> => {
        await this.#time.after(this.#pageMs);
        signal?.throwIfAborted();
        const seenAt = this.#time.now - this.#indexDelayMs;
        const all = this.#byShard.get(shard) ?? [];
        const from = after ? `${(after as { key: string }).key}0` : range.from;
        const tasks: OpenTask[] = [];
        let read = 0;
        let last: string | undefined;
        for (let index = firstAt(all, from); index < all.length; index++) {
          const task = all[index] as WorldTask;
          if (task.indexKey > range.through) break;
          if (!this.isOpen(task, seenAt)) continue;
          if (read === PAGE_SIZE) {
            return { read, tasks, unreadable: [], end: { indexKey: last as string, key: { key: last } } };
          }
          read++;
          last = task.indexKey;
          const key = { indexKey: task.indexKey, trackedAt: task.trackedAt, offset: task.offset };
          if (isWanted(key, task.deadlineAt)) tasks.push(openTask(task, seenAt));
        }
        return { read, tasks, unreadable: [], end: undefined };
      },
      current: async ({ taskId }) => {
        await this.#time.after(LATENCY_MS);
        const task = this.byId.get(taskId) as WorldTask;
        if (!this.isOpen(task)) return undefined;
        return { task: openTask(task, this.#time.now), carried: NOTHING_CARRIED };
      },
      another: async ({ orgId, taskId }, except) => {
        await this.#time.after(LATENCY_MS);
        const others = [...this.byId.values()].filter(
          (task) =>
            task.orgId === orgId && task.taskId !== taskId && !except.has(task.indexKey) && this.isOpen(task),
        );
        const other = others[Math.floor(Math.random() * others.length)];
        return other ? { kind: "found", task: openTask(other, this.#time.now) } : { kind: "none" };
      },
      change: async ({ taskId, state: read, uncertainSince = 0 }, state) => {
        await this.#time.after(LATENCY_MS);
        const task = this.byId.get(taskId) as WorldTask;
        if (!this.isOpen(task) || stateAt(task, this.#time.now) !== read) return false;
        if ((uncertainAt(task, this.#time.now) ?? 0) > uncertainSince) return false;
        task.states.push({ at: this.#time.now, state });
        task.uncertain.push({ at: this.#time.now, since: undefined });
        return true;
      },
      uncertain: async ({ taskId }, since) => {
        await this.#time.after(LATENCY_MS);
        const task = this.byId.get(taskId) as WorldTask;
        if (!this.isOpen(task)) return false;
        const at = this.#time.now;
        task.uncertain.push({ at, since: uncertainAt(task, at) ?? since });
        return true;
      },
      missing: () => Promise.reject(new Error("every task of a world is known to EnOS")),
      finish: async ({ taskId }, { state }) => {
        await this.#time.after(LATENCY_MS);
        const task = this.byId.get(taskId) as WorldTask;
        if (!this.isOpen(task)) return false;
        task.closedAt = this.#time.now;
        task.closedAs = state;
        return true;
      },
    };
  }
}

function openTask(task: WorldTask, at: number): OpenTask {
  const { orgId, taskId, indexKey, trackedAt, offset, deadlineAt } = task;
  return {
    orgId,
    channelId: "c",
    taskId,
    state: stateAt(task, at),
    notFound: null,
    deadlineAt,
    uncertainSince: uncertainAt(task, at),
    indexKey,
    trackedAt,
    offset,
  };
}

function stateAt({ states }: WorldTask, at: number): TrackedState {
  return (states.findLast((entry) => entry.at <= at) ?? { state: "pending" as const }).state;
}

function uncertainAt({ uncertain }: WorldTask, at: number): number | undefined {
  return uncertain.findLast((entry) => entry.at <= at)?.since;
}

function firstAt(tasks: WorldTask[], key: string): number {
  let low = 0;
  let high = tasks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tasks[middle] as WorldTask).indexKey < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
