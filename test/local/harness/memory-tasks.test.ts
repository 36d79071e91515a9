import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { indexEntryOf, indexKeyOf, keyOf, parseIndexKey } from "../../../lib/store/index-key.ts";
import { ALL_KEYS, keysBefore, keysFrom } from "../../../lib/store/key-span.ts";
import { OpenTaskStore } from "../../../lib/store/open-task-store.ts";
import type { SweepDependencies } from "../../../lib/sweep/dependencies.ts";
import type { TaskKey } from "../../../lib/tasks/key.ts";
import type { IndexKey, OpenTask } from "../../../lib/tasks/record.ts";
import { byIndexKey, MemoryTasks, type Rows } from "../../../local/harness/memory-tasks.ts";
import { statusOf } from "../../../local/harness/status.ts";
import { TestDatabase } from "../../support/database.ts";

// The simulations run on tasks in memory: the store has to answer as the real one does, for anything that sweeps ask.

type OpenTasks = SweepDependencies["openTasks"];

const NOW = Date.UTC(2026, 10, 24);
const SHARD = 0;

/** A task in the table, with what it was at each time. */
interface Row {
  indexKey: string;
  versions: { at: number; task: OpenTask | undefined }[];
}

class Table implements Rows<Row> {
  now = NOW;
  readonly rows: Row[];

  constructor(tasks: readonly OpenTask[]) {
    const rows = tasks.map((task) => ({ indexKey: task.indexKey, versions: [{ at: NOW, task }] }));
    this.rows = rows.sort(byIndexKey);
  }

  store(options: { pageSize?: number; indexDelayMs?: number } = {}): OpenTasks {
    return new MemoryTasks({ rows: this, now: () => this.now, latency: async () => {}, ...options }).store();
  }

  including = () => this.rows;
  inShard = (shard: number) => (shard === SHARD ? this.rows : []);
  find = ({ taskId }: TaskKey) =>
    this.rows.find(({ versions }) => versions[0]?.task?.taskId === taskId) as Row;
  openAt = ({ versions }: Row, at: number) => versions.findLast((version) => version.at <= at)?.task;
  write = ({ versions }: Row, task: OpenTask | undefined) => void versions.push({ at: this.now, task });
  close = (row: Row) => this.write(row, undefined);
}

const openTask = (key: TaskKey, index: IndexKey, deadlineAt?: number): OpenTask => ({
  ...key,
  ...index,
  state: "pending",
  notFound: null,
  deadlineAt,
  uncertainSince: undefined,
});

/** Every task of the shard, and how many each page has. */
async function readAll(store: OpenTasks, isWanted: (task: IndexKey) => boolean = () => true) {
  const tasks: OpenTask[] = [];
  const sizes: number[] = [];
  let after: Record<string, unknown> | undefined;
  do {
    const { read, tasks: some, end } = await store.page(SHARD, ALL_KEYS, isWanted, after);
    tasks.push(...some);
    sizes.push(read);
    after = end?.key;
  } while (after);
  return { tasks, sizes };
}

describe("open tasks in memory, like those in DynamoDB", () => {
  let table: TestDatabase;
  beforeAll(async () => {
    table = await TestDatabase.start();
  });
  afterAll(() => table[Symbol.asyncDispose]());

  const which = fc.nat(2);
  /** What a check writes, of a task as it was read now or before. */
  const step = fc.record({
    which,
    isFresh: fc.boolean(),
    write: fc.constantFrom("change", "uncertain", "missing", "missing", "finish", "another", "read"),
    state: fc.constantFrom("running" as const, "pending" as const),
    uncertainSince: fc.option(fc.integer({ min: 1, max: NOW }), { nil: undefined }),
  });

  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

  async function play(store: OpenTasks, tasks: readonly OpenTask[], steps: readonly Step[]) {
    const answers: unknown[] = [];
    const read = [...tasks];
    const own = new Set(tasks.map(({ indexKey }) => indexKey));
    let now = NOW;
    for (const { which, isFresh, write, state, uncertainSince } of steps) {
      now += 1_000;
      const seen = read[which] as OpenTask;
      const current = await store.current(seen);
      answers.push(current);
      const task = isFresh ? (current?.task ?? seen) : seen;
      switch (write) {
        case "change":
          answers.push(
            await store.change(task, { state, status: statusOf(task, false), uncertainSince }, now),
          );
          break;
        case "uncertain":
          answers.push(await store.uncertain(task, now));
          break;
        case "missing":
          answers.push(
            await store.missing(task, task.notFound?.since ?? now, (task.notFound?.checks ?? 0) + 1, now - 1),
          );
          break;
        case "finish":
          answers.push(
            await store.finish(task, { state: "succeeded", status: statusOf(task, true), reason: null }, now),
          );
          break;
        case "another": {
          // One of two may be drawn: with one of them left out, there is one to find, or none.
          const except = new Set([(read[(which + 1) % 3] as OpenTask).indexKey]);
          answers.push(await store.another(task, except));
          break;
        }
        case "read":
          read[which] = task;
      }
    }
    const { tasks: all } = await readAll(store);
    answers.push(all.filter(({ indexKey }) => own.has(indexKey)));
    return answers;
  }

  it("for any sequence of reads and writes", async () => {
    let organisation = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 24 }), async (steps) => {
        const orgId = `o${organisation++}`;
        const tasks = [0, 1, 2].map((index) => {
          const key = { orgId, channelId: "c", taskId: `t${index}` };
          const entry = indexEntryOf(key, NOW - index, 1);
          return openTask(key, parseIndexKey(entry.openKey) as IndexKey, index === 0 ? NOW + 1 : undefined);
        });
        for (const { deadlineAt, indexKey, trackedAt, state, ...key } of tasks) {
          await table.put({
            ...keyOf(key),
            openShard: SHARD,
            openKey: indexKey,
            trackedAt,
            state,
            stateSince: trackedAt,
            ...(deadlineAt !== undefined && { deadlineAt }),
          });
        }
        const real = new OpenTaskStore({ db: table.db, retentionDays: 30 });
        expect(await play(new Table(tasks).store(), tasks, steps)).toEqual(await play(real, tasks, steps));
      }),
      { numRuns: 20 },
    );
  });
});

describe("a page of the index in memory", () => {
  const indexKey = parseIndexKey(indexKeyOf(NOW - 60_000, 0.5)) as IndexKey;
  const alike = Array.from({ length: 5 }, (_, index) =>
    openTask({ orgId: "o", channelId: "c", taskId: `t${index}` }, indexKey),
  );

  it("goes on after the last task of the page before, even if several have the same index key", async () => {
    const { tasks, sizes } = await readAll(new Table(alike).store({ pageSize: 2 }));
    expect(tasks.map(({ taskId }) => taskId)).toEqual(["t0", "t1", "t2", "t3", "t4"]);
    expect(sizes).toEqual([2, 2, 1]);
  });

  it("includes the first bound but not the second, and counts tasks that are not wanted", async () => {
    const { page } = new Table(alike).store();
    const key = indexKey.indexKey;
    const none = { tasks: [], unreadable: [], end: undefined };
    expect(await page(SHARD, keysFrom(key), () => false)).toEqual({ read: 5, ...none });
    expect(await page(SHARD, keysBefore(key), () => false)).toEqual({ read: 0, ...none });
  });

  it("shows a task as it was a while ago", async () => {
    const table = new Table(alike.slice(0, 1));
    const store = table.store({ indexDelayMs: 10 });
    table.now = NOW + 10;
    const [task] = (await readAll(store)).tasks;
    await store.uncertain(task as OpenTask, NOW);
    const uncertain = async () => (await readAll(store)).tasks.map(({ uncertainSince }) => uncertainSince);
    expect(await uncertain()).toEqual([undefined]);
    table.now += 10;
    expect(await uncertain()).toEqual([NOW]);
  });
});
