import { type OpenTaskPage, PAGE_SIZE } from "../../lib/store/open-task-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { NOTHING_CARRIED } from "../../lib/tasks/carried.ts";
import type { Outcome } from "../../lib/tasks/decision.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";

/**
 * The tasks of a simulated table, including those that are put later. The rows are the simulation's own, which may have
 * millions, and keep only what it needs. None is put a second time.
 */
export interface Rows<Row extends { readonly indexKey: string }> {
  /** Every row of an organisation, and perhaps others. */
  including(orgId: string): Iterable<Row>;
  /** A shard's rows, in the order of {@link byIndexKey}. */
  inShard(shard: number): readonly Row[];
  find(task: TaskKey): Row;
  /** The task as it was at a time in Unix milliseconds; undefined if it was not open then. */
  openAt(row: Row, at: number): OpenTask | undefined;
  write(row: Row, task: OpenTask): void;
  close(row: Row, outcome: Outcome): void;
}

/** What a call to the table does. */
export type TableCall = "page" | "read" | "write";

/** Options of the tasks in memory. */
export interface MemoryTasksOptions<Row extends { readonly indexKey: string }> {
  rows: Rows<Row>;
  /** Unix milliseconds. */
  now: () => number;
  /** Resolves after the latency of a call. */
  latency: (call: TableCall) => Promise<void>;
  /** How far the index lags behind the table, in milliseconds. */
  indexDelayMs?: number;
  pageSize?: number;
}

type OpenTasks = SweepDependencies["openTasks"];

/** The order of a shard's rows. */
export function byIndexKey(a: { readonly indexKey: string }, b: { readonly indexKey: string }): number {
  return a.indexKey < b.indexKey ? -1 : a.indexKey > b.indexKey ? 1 : 0;
}

/**
 * The open tasks in memory, with the conditions of the real store. A test checks that both behave the same.
 */
export class MemoryTasks<Row extends { readonly indexKey: string }> {
  readonly #rows: Rows<Row>;
  readonly #now: () => number;
  readonly #latency: (call: TableCall) => Promise<void>;
  readonly #indexDelayMs: number;
  readonly #pageSize: number;

  constructor(options: MemoryTasksOptions<Row>) {
    this.#rows = options.rows;
    this.#now = options.now;
    this.#latency = options.latency;
    this.#indexDelayMs = options.indexDelayMs ?? 0;
    this.#pageSize = options.pageSize ?? PAGE_SIZE;
  }

  /** The store that sweeps use. */
  store(): OpenTasks {
    return {
      page: async (...args) => {
        await this.#latency("page");
        return this.#page(...args);
      },
      current: async (read) => {
        await this.#latency("read");
        const task = this.#open(read);
        return task && { task, carried: NOTHING_CARRIED };
      },
      another: async (read, except) => {
        await this.#latency("read");
        const others = [...this.#rows.including(read.orgId)].flatMap((row) => {
          if (row.indexKey === read.indexKey || except.has(row.indexKey)) return [];
          const task = this.#rows.openAt(row, this.#now());
          return task?.orgId === read.orgId ? [task] : [];
        });
        const drawn = others[Math.floor(Math.random() * others.length)];
        return drawn ? { kind: "found", task: drawn } : { kind: "none" };
      },
      change: (read, { state, uncertainSince }) =>
        this.#update(read, (task) => {
          const isLaterUncertain = (task.uncertainSince ?? 0) > (read.uncertainSince ?? 0);
          if (isLaterUncertain || !(task.state === state || isAsRead(task, read))) return undefined;
          return { ...task, state, notFound: null, uncertainSince };
        }),
      uncertain: (read, since) =>
        this.#update(read, (task) => ({ ...task, uncertainSince: task.uncertainSince ?? since })),
      missing: (read, since, checks, uncertainSince) =>
        this.#update(read, (task) => {
          const isWritten = task.notFound?.since === since && task.notFound.checks === checks;
          if (!(isWritten || isAsRead(task, read))) return undefined;
          const notFound = { since, checks };
          return { ...task, notFound, uncertainSince: task.uncertainSince ?? uncertainSince };
        }),
      finish: async (read, outcome) => {
        await this.#latency("write");
        if (!this.#open(read)) return false;
        this.#rows.close(this.#rows.find(read), outcome);
        return true;
      },
    };
  }

  #page(...[shard, span, isWanted, after, signal]: Parameters<OpenTasks["page"]>): OpenTaskPage {
    signal?.throwIfAborted();
    const rows = this.#rows.inShard(shard);
    const seenAt = this.#now() - this.#indexDelayMs;
    const tasks: OpenTask[] = [];
    let read = 0;
    // A position, since several tasks may have the same index key.
    let position = after ? Number(after.position) + 1 : firstAt(rows, span.from);
    for (; position < rows.length; position++) {
      const row = rows[position] as Row;
      if (row.indexKey >= span.to) break;
      if (read === this.#pageSize) {
        const { indexKey } = rows[position - 1] as Row;
        return { read, tasks, unreadable: [], end: { indexKey, key: { position: position - 1 } } };
      }
      const task = this.#rows.openAt(row, seenAt);
      if (!task) continue;
      read++;
      if (isWanted(task, task.deadlineAt)) tasks.push(task);
    }
    return { read, tasks, unreadable: [], end: undefined };
  }

  /** The task as it is now, if it is open and the one that was read. */
  #open(read: OpenTask): OpenTask | undefined {
    const row = this.#rows.find(read);
    return row.indexKey === read.indexKey ? this.#rows.openAt(row, this.#now()) : undefined;
  }

  async #update(read: OpenTask, change: (task: OpenTask) => OpenTask | undefined): Promise<boolean> {
    await this.#latency("write");
    const task = this.#open(read);
    const changed = task && change(task);
    if (changed) this.#rows.write(this.#rows.find(read), changed);
    return changed !== undefined;
  }
}

/** Whether no check has changed the task since it was read. */
function isAsRead(task: OpenTask, read: OpenTask): boolean {
  const checks = task.notFound?.checks ?? 0;
  const readChecks = read.notFound?.checks ?? 0;
  return task.state === read.state && (read.notFound ? checks === readChecks : checks <= readChecks);
}

/** The position of the first row whose key is not less than this one. */
function firstAt(rows: readonly { readonly indexKey: string }[], key: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as { indexKey: string }).indexKey < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
