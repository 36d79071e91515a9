import type { TerminalEvent } from "../../lib/events/event.ts";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { Paces } from "../../lib/sweep/paces.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { Suspects } from "../../lib/sweep/suspects.ts";
import { sweep } from "../../lib/sweep/sweep.ts";
import { createSchedule, type Schedule } from "../../lib/tasks/schedule.ts";
import { dueAgainSince } from "../../local/harness/due-since.ts";
import { MemoryRecords } from "../../local/harness/memory-records.ts";
import { MemoryTasks } from "../../local/harness/memory-tasks.ts";
import { seeded } from "../../local/harness/random.ts";
import { EPOCH, VirtualTime } from "../../local/harness/virtual-time.ts";
import { type Call, worldGateways } from "./gateways.ts";
import type { Organisation, World } from "./world.ts";
import { type WorldTask, WorldTasks, worldTask } from "./world-tasks.ts";

export const SWEEP_MS = 60_000;
/** The latency of a call to the table, except for a page of the index. */
const ITEM_MS = 5;
/** Few enough that a shard of a world has several pages. */
const PAGE_SIZE = 50;

/** The result of running a world. */
export interface Outcome {
  world: World;
  schedule: Schedule;
  tasks: WorldTask[];
  calls: Call[];
  /** Events, with the true time at which SNS accepted them. */
  events: { at: number; event: TerminalEvent; task: WorldTask }[];
  sweeps: {
    number: number;
    startedAt: number;
    endedAt: number;
    summary: SweepSummary;
    /** How long the task that is furthest behind has been due when the sweep ends. */
    overdueMs: number;
    /** The same of organisations that answer. */
    overdueAnsweringMs: number;
  }[];
  records: MemoryRecords;
  failures: { reason: string; error: unknown }[];
  stuck: HealthRecord[];
  /** When frozen sweeps continued. */
  thawedAt: number[];
}

/** Runs a world, with the real engine in virtual time. */
export async function run(world: World): Promise<Outcome> {
  using time = new VirtualTime();
  using _chance = seededChance(world.seed);
  const { maxIntervalSeconds } = world;
  const schedule = createSchedule({
    sweepIntervalSeconds: SWEEP_MS / 1_000,
    ...(maxIntervalSeconds && { maxIntervalSeconds }),
  });
  const laterSchedule = createSchedule({ sweepIntervalSeconds: SWEEP_MS / 1_000, growthPercent: 35 });
  const rescheduledAt = EPOCH + (world.rescheduledAt ?? Number.POSITIVE_INFINITY) * SWEEP_MS;
  const records = new MemoryRecords({ latency: () => time.after(ITEM_MS) });
  const tasks = world.organisations.flatMap((organisation) =>
    organisation.tasks.map(
      ({ trackedAt, endsAt, deletedAt = Number.POSITIVE_INFINITY, deadlineAt }, index) => {
        const putAt = EPOCH + trackedAt;
        const task = worldTask(
          {
            orgId: organisation.id,
            taskId: `${organisation.id}-${index}`,
            putAt,
            endsAt: EPOCH + endsAt,
            deletedAt: EPOCH + deletedAt,
            isNeverAnswered: index < organisation.neverAnswered,
            deadlineAt: deadlineAt === undefined ? undefined : EPOCH + deadlineAt,
          },
          putAt + world.trackerClockMs,
          world.shards,
        );
        records.announce(task.shard, task.trackedAt);
        return task;
      },
    ),
  );
  const rows = new WorldTasks(tasks, () => time.now);
  const inMemory = new MemoryTasks({
    rows,
    now: () => time.now,
    latency: (call) => time.after(call === "page" ? world.pageMs : ITEM_MS),
    indexDelayMs: world.indexDelayMs,
    pageSize: PAGE_SIZE,
  }).store();
  const openTasks: SweepDependencies["openTasks"] = {
    ...inMemory,
    another: world.hidesOtherTasks ? async () => ({ kind: "unknown" }) : inMemory.another,
  };
  const byId = new Map(world.organisations.map((organisation) => [organisation.id, organisation]));
  const outcome: Outcome = {
    world,
    schedule,
    tasks,
    calls: [],
    events: [],
    sweeps: [],
    records,
    failures: [],
    stuck: [],
    thawedAt: [],
  };

  const { credentials, enos } = worldGateways(world, { rows, time, calls: outcome.calls });
  /** When an organisation or a gateway was last found stuck, or its record removed. */
  const stuckAt = new Map<string, number>();
  /** When sweeps wrote how far they had swept a shard, and when each of them had begun. */
  const swept = new Map<number, { writtenAt: number; beganAt: number }[]>();

  // Two of three sweeps run in a process that is still there from earlier sweeps, and so knows the paces
  // and suspects.
  const startProcess = () => ({ paces: new Paces(), suspects: new Suspects() });
  const startProcesses = () => Array.from({ length: world.sweepers }, startProcess);
  let known = startProcesses();
  const healthStore = records.healthStore();

  const dependencies = (sweeper: number, thaws: () => Promise<void> | undefined): SweepDependencies => {
    let calls = 0;
    const startedAt = time.now;
    const shardStore = records.shardStore();
    const unlessFrozen =
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>, mayFail: boolean) =>
      async (...args: Args) => {
        await thaws();
        const isOutOfOrder = mayFail && time.now < EPOCH + world.failsUntilMs;
        if (isOutOfOrder && ++calls % world.failsEvery === 0) {
          await time.after(10);
          throw new Error("AWS is out of order");
        }
        const result = await call(...args);
        await thaws();
        return result;
      };
    const guard = <Store extends object>(store: Store): Store =>
      Object.fromEntries(
        Object.entries(store).map(([name, call]) => [name, unlessFrozen(call as never, name !== "list")]),
      ) as Store;
    return {
      shards: guard({
        ...shardStore,
        async release(...args) {
          const isHeld = await shardStore.release(...args);
          const [shard, , what] = args;
          const sweep = { writtenAt: time.now, beganAt: startedAt };
          if (isHeld && what) swept.set(shard, [...(swept.get(shard) ?? []), sweep]);
          return isHeld;
        },
      }),
      behind: guard(records.behindStore()),
      health: guard({
        ...healthStore,
        async remove(record) {
          await healthStore.remove(record);
          stuckAt.set(`${record.scope}#${record.id}`, time.now);
        },
      }),
      openTasks: guard(openTasks),
      credentials,
      enos,
      events: guard({
        publish: async (event: TerminalEvent) => {
          await time.after(world.publishMs);
          const task = rows.find({ taskId: event.subject });
          outcome.events.push({ at: time.now, event, task });
        },
      }),
      schedule: time.now < rescheduledAt ? schedule : laterSchedule,
      observer: {
        failed: (reason, error) => outcome.failures.push({ reason, error }),
        stuck: (record) => {
          outcome.stuck.push(record);
          stuckAt.set(`${record.scope}#${record.id}`, time.now);
        },
        recovered: () => {},
        unreadable: () => {},
        clockAhead: () => {},
      },
      ...startProcess(),
      ...((world.isWarm || Math.random() < 2 / 3) && known[sweeper]),
      now: () => time.now + (world.clocksMs[sweeper] ?? 0),
    };
  };

  /**
   * Whether a task's organisation and its gateway have not been stuck recently. A shard's record counts an organisation
   * that has recovered among those that answer from the next sweep on that writes it, which may come late: a sweeper that
   * is frozen holds its lease, and a write may fail. A sweep tells what it listed at its beginning.
   */
  const isAnswering = ({ orgId, shard }: WorldTask, listedAt: number) => {
    const { origin } = byId.get(orgId) as Organisation;
    return [`org#${orgId}`, `origin#${origin}`].every((key) => {
      const at = stuckAt.get(key) ?? 0;
      const listed = (swept.get(shard) ?? []).filter(({ writtenAt }) => writtenAt <= listedAt);
      const isOver =
        time.now - at > 2 * SWEEP_MS && Math.max(0, ...listed.map(({ beganAt }) => beganAt)) >= at;
      return !records.health.has(key) && isOver;
    });
  };

  /** How long the task that is furthest behind has been due, of all and of organisations that answer. */
  const overdue = (listedAt: number) => {
    const { now } = time;
    const most = { overdueMs: 0, overdueAnsweringMs: 0 };
    for (const task of outcome.tasks) {
      if (!rows.openAt(task, now)) continue;
      const overdueMs = now - dueSince(task, schedule, now, world);
      if (overdueMs > most.overdueMs) most.overdueMs = overdueMs;
      if (overdueMs > most.overdueAnsweringMs && isAnswering(task, listedAt))
        most.overdueAnsweringMs = overdueMs;
    }
    return most;
  };

  const simulation = async () => {
    let number = 0;
    for (let minute = 1; minute <= world.minutes; minute++) {
      await time.after(EPOCH + minute * SWEEP_MS - time.now);
      if (world.restartsAt?.includes(minute)) known = startProcesses();
      await Promise.all(
        Array.from({ length: world.sweepers }, async (_, sweeper) => {
          const mine = number++;
          const startedAt = time.now;
          const frost = world.frozen.find(({ sweep }) => sweep === mine);
          let thaw: Promise<void> | undefined;
          const work = sweep(
            dependencies(sweeper, () => thaw),
            {
              shardCount: world.shards,
              sweepers: world.sweepers,
              concurrency: world.concurrency,
              requestsPerSecond: 100,
              deadlineMs: world.deadlineMs,
            },
            { remainingMs: world.invocationMs },
          );
          if (frost) {
            // Nothing is measured of a sweep that froze, since it ends too late.
            work.catch(() => {});
            await time.after(frost.afterMs);
            if (frost.forMs !== undefined) outcome.thawedAt.push(time.now + frost.forMs);
            thaw = frost.forMs === undefined ? new Promise(() => {}) : time.after(frost.forMs);
            return;
          }
          const summary = await work;
          outcome.sweeps.push({
            number: mine,
            startedAt,
            endedAt: time.now,
            summary,
            ...overdue(startedAt),
          });
        }),
      );
    }
  };
  await time.run(simulation());
  return outcome;
}

/**
 * Since when a task has been due, given when EnOS last answered about it; `now` if it is not due.
 *
 * A sweep whose clock is ahead has checked the task as of a later moment. A sweep that ran before the index showed a
 * new task has missed it. In both cases the task becomes due when the schedule next says so.
 */
export function dueSince(
  task: WorldTask,
  schedule: Schedule,
  now: number,
  world: Pick<World, "clocksMs" | "sweepers" | "indexDelayMs">,
): number {
  const aheadMs = Math.max(0, ...world.clocksMs.slice(0, world.sweepers));
  const isFresh = task.answeredAt.length === 0;
  const passedOverMs = aheadMs + (isFresh ? world.indexDelayMs : 0);
  const known = Math.max(task.trackedAt, task.putAt, ...task.answeredAt.slice(-1));
  const last = Math.min(now, known + passedOverMs);
  // If the tracker's clock is behind, a sweep may have gone past the time at which the task was tracked.
  if (isFresh && passedOverMs === 0 && task.trackedAt >= task.putAt) return last;
  return dueAgainSince(schedule, task, last, now);
}

/** Makes `Math.random` follow from a seed, until it is disposed of. */
function seededChance(seed: number): Disposable {
  const original = Math.random;
  Math.random = seeded(seed);
  return {
    [Symbol.dispose]() {
      Math.random = original;
    },
  };
}
