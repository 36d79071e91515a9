import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { TaskKey } from "../../lib/enos/task.ts";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { OpenTasks } from "../../lib/tracking/open-tasks.ts";
import { ShardStore } from "../../lib/tracking/shard-store.ts";
import { Tracker } from "../../lib/tracking/tracker.ts";
import type { Subscription } from "../../local/aws/subscription.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { tableFromPackage } from "../../local/template.ts";

const CHANNEL = "ch-1";
const SHARDS = 4;

/** How tasks end, dealt to them in turn, and EnOS's code for it. */
const OUTCOMES = [
  { state: "succeeded", progressCode: 3 },
  { state: "failed", progressCode: 2 },
  { state: "cancelled", progressCode: 5 },
  { state: "expired", progressCode: 7 },
] as const;

/** A task and what must be heard of it. */
export interface Expected {
  task: TaskKey;
  state: (typeof OUTCOMES)[number]["state"];
}

/** What became of the expected outcomes. */
export interface Verdict {
  lost: number;
  duplicated: number;
  /** Sentences that say what contradicts a guarantee. */
  wrong: string[];
}

/** What outlives the sweepers: EnOS, the database, the topic, and a queue that hears everything. */
export class Stage implements AsyncDisposable {
  readonly cloud: Cloud;
  readonly enos: EnosSimulator;
  readonly #queue: Subscription;
  readonly #orgIds: string[];
  #nextTask = 0;

  private constructor(cloud: Cloud, enos: EnosSimulator, queue: Subscription, orgIds: string[]) {
    this.cloud = cloud;
    this.enos = enos;
    this.#queue = queue;
    this.#orgIds = orgIds;
  }

  /** @param orgIds organisations that EnOS and the service know */
  static async start(orgIds: string[]): Promise<Stage> {
    const [cloud, enos] = await Promise.all([Cloud.start(tableFromPackage()), startEnosSimulator()]);
    for (const orgId of orgIds) {
      const keys = { accessKey: `access-${orgId}`, secretKey: `secret-${orgId}` };
      enos.putOrganisation({ orgId, ...keys });
      await cloud.putSecret(orgId, keys);
    }
    return new Stage(cloud, enos, await cloud.subscribe("everything"), orgIds);
  }

  /** The settings of a sweeper: every second, and as fast as it can. */
  get env(): Record<string, string> {
    return {
      ...this.cloud.env(this.enos.url),
      SWEEP_INTERVAL_SECONDS: "1",
      SWEEP_SHARDS: String(SHARDS),
      ENOS_REQUESTS_PER_SECOND: "100000",
    };
  }

  get #db() {
    return { client: DynamoDBDocumentClient.from(this.cloud.dynamodb), table: "tracked-tasks" };
  }

  /** Tracks so many new tasks, dealt to the organisations; every other one runs for a moment before it ends. */
  async track(count: number): Promise<Expected[]> {
    const tracker = new Tracker(this.#db, SHARDS);
    const expected = Array.from({ length: count }, (): Expected => {
      const number = this.#nextTask++;
      const orgId = this.#orgIds[number % this.#orgIds.length] as string;
      const outcome = OUTCOMES[number % OUTCOMES.length] as (typeof OUTCOMES)[number];
      const task = { orgId, channelId: CHANNEL, taskId: `task-${number}` };
      const end = { afterMs: number % 2 === 0 ? 0 : 1_500, progressCode: outcome.progressCode };
      this.enos.putTask({
        ...task,
        timeline: end.afterMs === 0 ? [end] : [{ afterMs: 0, progressCode: 1 }, end],
      });
      return { task, state: outcome.state };
    });
    await Promise.all(expected.map(({ task }) => tracker.put(task)));
    return expected;
  }

  /**
   * Sweeps until no task is open.
   *
   * @returns how many sweeps that took, 200 at most
   */
  async sweepInPeace(sweep: () => Promise<unknown>): Promise<number> {
    let sweeps = 0;
    do {
      await sweep();
      await sleep(250);
      sweeps++;
    } while (sweeps < 200 && (await this.#openTasks()) > 0);
    return sweeps;
  }

  /** Receives all events that there are, and holds them and the table against what must have come of the tasks. */
  async judge(expected: Expected[]): Promise<Verdict> {
    const wrong: string[] = [];
    const received = new Map<string, Set<string>>();
    let events = 0;
    const facts = new Set<string>();
    const states = new Map(expected.map(({ task, state }) => [nameOf(task), state]));
    for (const { id, data } of await this.#receive()) {
      events++;
      facts.add(id);
      const name = nameOf(data);
      received.set(name, (received.get(name) ?? new Set()).add(id));
      if (states.get(name) !== data.state) wrong.push(`${name} was announced as ${data.state}`);
    }
    for (const [name, ids] of received) if (ids.size > 1) wrong.push(`${name} has ${ids.size} ids`);

    const tracker = new Tracker(this.#db, SHARDS);
    for (const { task, state } of expected) {
      const record = await tracker.get(task);
      if (record?.state !== state || !record.finishedAt)
        wrong.push(`the record of ${nameOf(task)} says ${record?.state}`);
    }
    const open = await this.#openTasks();
    if (open > 0) wrong.push(`${open} tasks are open`);
    for (const { number, leaseUntil } of await new ShardStore(this.#db).list(SHARDS)) {
      if (leaseUntil > Date.now()) wrong.push(`shard ${number} is leased`);
    }
    const lost = expected.filter(({ task }) => !received.has(nameOf(task))).length;
    return { lost, duplicated: events - facts.size, wrong };
  }

  async #openTasks(): Promise<number> {
    const store = new OpenTasks(this.#db, 30);
    let open = 0;
    for (let shard = 0; shard < SHARDS; shard++) {
      let next: Record<string, unknown> | undefined;
      do {
        const page = await store.page(shard, "0", next);
        open += page.tasks.length + page.unreadable.length;
        next = page.next;
      } while (next);
    }
    return open;
  }

  async #receive(): Promise<TerminalEvent[]> {
    const events: TerminalEvent[] = [];
    for (;;) {
      const messages = await this.#queue.poll(0);
      if (messages.length === 0) return events;
      events.push(...messages.map(({ body }) => body as TerminalEvent));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.cloud.close(), this.enos.close()]);
  }
}

function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}/${channelId}/${taskId}`;
}
