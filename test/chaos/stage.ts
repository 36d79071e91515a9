import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pMap from "p-map";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { HealthStore } from "../../lib/store/health-store.ts";
import type { Database } from "../../lib/store/table.ts";
import { TaskStore } from "../../lib/store/task-store.ts";
import type { TerminalState } from "../../lib/tasks/state.ts";
import type { Subscription } from "../../local/aws/subscription.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import type { Timeline } from "../../local/enos/timeline.ts";
import { canaryKeys, refuseCanaries } from "../../local/harness/canary.ts";
import { tableFromSource } from "../../local/template.ts";
import { allItems, type ExpectedTask, type Findings, isLeased, Ledger } from "./ledger.ts";

const CHANNEL = "ch-1";
const DAY_MS = 24 * 60 * 60_000;

/** The ends of tasks, used in turn, and EnOS's codes for them. */
const ENDS = [
  { state: "succeeded", progressCode: 3 },
  { state: "failed", progressCode: 2 },
  { state: "cancelled", progressCode: 5 },
  { state: "expired", progressCode: 7 },
] as const;

/** How many tasks are put at a time: thousands at once would only wait for each other. */
const PUTS_AT_ONCE = 32;
/** After this many sweeps in a row that close no task and release no shard, nothing will happen any more. */
const MOST_FRUITLESS = 100;

/** Options of a stage. */
export interface StageOptions {
  /** Organisations that EnOS and the service know. */
  orgIds: string[];
  /** DynamoDB, SNS and SQS run in processes of their own and keep their data on disk. */
  apart?: boolean;
  shards?: number;
}

/** Which tasks are tracked. */
export interface TrackOptions {
  /** The organisation whose tasks they are; by default, the stage's organisations in turn. */
  orgId?: string;
  /** How long every other task runs before it ends, in milliseconds; the rest have ended already. */
  runsMs?: number;
  /** `SWEEP_SHARDS` of the function that tracks; by default, the stage's. */
  shards?: number;
  /** Which of the generated tasks are used; by default, all. */
  where?: (task: { orgId: string; channelId: string; taskId: string }) => boolean;
}

/**
 * What outlives the sweepers: EnOS, the database, the topic, and a queue that receives all events, which go into a
 * ledger.
 */
export class Stage implements AsyncDisposable {
  readonly cloud: Cloud;
  readonly enos: EnosSimulator;
  readonly ledger = new Ledger();
  readonly #shards: number;
  readonly #orgIds: string[];
  readonly #queue: Subscription;
  readonly #parts: AsyncDisposableStack;
  #nextTask = 0;

  private constructor(
    { orgIds, shards = 4 }: StageOptions,
    cloud: Cloud,
    enos: EnosSimulator,
    queue: Subscription,
    parts: AsyncDisposableStack,
  ) {
    this.#orgIds = orgIds;
    this.#shards = shards;
    this.cloud = cloud;
    this.enos = enos;
    this.#queue = queue;
    this.#parts = parts;
  }

  static async start(options: StageOptions): Promise<Stage> {
    await using parts = new AsyncDisposableStack();
    const cloud = parts.use(options.apart ? await cloudApart(parts) : await Cloud.start(tableFromSource()));
    const enos = parts.use(await startEnosSimulator());
    for (const orgId of options.orgIds) {
      const keys = canaryKeys(orgId);
      enos.putOrganisation({ orgId, ...keys });
      await cloud.putSecret(orgId, keys);
    }
    const queue = await cloud.subscribe("everything");
    return new Stage(options, cloud, enos, queue, parts.move());
  }

  /** The settings of a sweeper: an interval of one second, and practically no rate limit. */
  get env(): Record<string, string> {
    return {
      ...this.cloud.env(this.enos.url),
      SWEEP_INTERVAL_SECONDS: "1",
      SWEEP_SHARDS: String(this.#shards),
      ENOS_REQUESTS_PER_SECOND: "100000",
      TRACKING_DEADLINE_DAYS: "1",
    };
  }

  /** The table, as the code under test sees it. */
  get db(): Database {
    return this.cloud.db;
  }

  /** Tracks this many new tasks that end in EnOS, and expects events about them. */
  track(count: number, options: TrackOptions = {}): Promise<ExpectedTask[]> {
    const { runsMs = 1_500 } = options;
    const tasks = this.#newTasks(
      count,
      options,
      (index) => ENDS[index % ENDS.length]?.state as TerminalState,
    );
    const ends = new Map<TerminalState, number>(ENDS.map(({ state, progressCode }) => [state, progressCode]));
    tasks.forEach((task, index) => {
      const end = { afterMs: index % 2 === 0 ? 0 : runsMs, progressCode: ends.get(task.state) as number };
      this.#play(task, end.afterMs === 0 ? [end] : [{ afterMs: 0, progressCode: 1 }, end]);
    });
    return this.#put(tasks, options, Date.now);
  }

  /** Tracks tasks that never end in EnOS and are past their deadline. To be called before the first sweep. */
  trackPastDeadline(count: number): Promise<ExpectedTask[]> {
    const tasks = this.#newTasks(count, {}, () => "abandoned");
    for (const task of tasks) this.#play(task, [{ afterMs: 0, progressCode: 1 }]);
    return this.#put(tasks, {}, () => Date.now() - 2 * DAY_MS);
  }

  /**
   * Sweeps until no task is open and no shard is leased. What is stuck is probed by each sweep, so that recovery does
   * not take up to a quarter of an hour.
   *
   * @returns the number of sweeps. It gives up if many in a row get nothing further, however slow the machine is.
   */
  async sweepInPeace(sweep: () => Promise<unknown>): Promise<number> {
    let sweeps = 0;
    let leastLeft = Number.POSITIVE_INFINITY;
    let fruitless = 0;
    for (;;) {
      await this.#bringProbesForward();
      await sweep();
      await sleep(250);
      sweeps++;
      const left = await this.#unfinished();
      fruitless = left < leastLeft ? 0 : fruitless + 1;
      leastLeft = Math.min(leastLeft, left);
      if (left === 0 || fruitless === MOST_FRUITLESS) return sweeps;
    }
  }

  async #bringProbesForward(): Promise<void> {
    const health = new HealthStore(this.db);
    for (const record of await health.list()) await health.put({ ...record, nextProbeAt: Date.now() });
  }

  /** How many tasks are open, and how many shards are leased. */
  async #unfinished(): Promise<number> {
    const items = await allItems(this.db);
    return items.filter((item) => item.openShard !== undefined || isLeased(item)).length;
  }

  /** Receives all events that have arrived. */
  async hear(): Promise<void> {
    for (;;) {
      const messages = await this.#queue.poll(0);
      if (messages.length === 0) return;
      refuseCanaries(JSON.stringify(messages), "an event");
      for (const { body } of messages) this.ledger.hear(body as TerminalEvent);
    }
  }

  /** Compares all events and the table with how the tasks must have ended. */
  async judge(): Promise<Findings> {
    await this.hear();
    return this.ledger.audit(this.db);
  }

  #newTasks(
    count: number,
    { orgId, where = () => true }: TrackOptions,
    stateOf: (index: number) => TerminalState,
  ): ExpectedTask[] {
    const tasks: ExpectedTask[] = [];
    while (tasks.length < count) {
      const number = this.#nextTask++;
      const task = {
        orgId: orgId ?? (this.#orgIds[number % this.#orgIds.length] as string),
        channelId: CHANNEL,
        taskId: `task-${number}`,
        state: stateOf(tasks.length),
      };
      if (where(task)) tasks.push(task);
    }
    this.ledger.expect(tasks);
    return tasks;
  }

  #play({ orgId, channelId, taskId }: ExpectedTask, timeline: Timeline): void {
    this.enos.putTask({ orgId, channelId, taskId, timeline });
  }

  async #put(
    tasks: ExpectedTask[],
    { shards = this.#shards }: TrackOptions,
    now: () => number,
  ): Promise<ExpectedTask[]> {
    const tracker = new TaskStore({ db: this.db, shardCount: shards, retentionDays: 30, now });
    await pMap(tasks, (task) => tracker.put(task), { concurrency: PUTS_AT_ONCE });
    return tasks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}

async function cloudApart(parts: AsyncDisposableStack): Promise<Cloud> {
  const directory = await mkdtemp(join(tmpdir(), "enos-chaos-"));
  parts.defer(() => rm(directory, { recursive: true }));
  return Cloud.startApart(tableFromSource(), directory);
}
