import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import type { Context } from "aws-lambda";
import pMap from "p-map";
import { SecretsManagerCredentials } from "../../lib/aws/credentials.ts";
import { EnosClient } from "../../lib/enos/client.ts";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { EventPublisher } from "../../lib/events/publisher.ts";
import { BehindStore } from "../../lib/store/behind-store.ts";
import { HealthStore } from "../../lib/store/health-store.ts";
import { indexEntryOf, keyOf } from "../../lib/store/index-key.ts";
import { OpenTaskStore } from "../../lib/store/open-task-store.ts";
import { ShardStore } from "../../lib/store/shard-store.ts";
import type { Database } from "../../lib/store/table.ts";
import { TaskStore, type TrackingOptions } from "../../lib/store/task-store.ts";
import type { SweepDependencies, SweepObserver, SweepSettings } from "../../lib/sweep/dependencies.ts";
import { Paces } from "../../lib/sweep/paces.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { Suspects } from "../../lib/sweep/suspects.ts";
import { sweep } from "../../lib/sweep/sweep.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import type { Subscription } from "../../local/aws/subscription.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { canaryKeys, refuseCanaries } from "../../local/harness/canary.ts";
import { tableFromSource } from "../../local/template.ts";

/** Timelines of tasks that have already ended. */
export const ENDED = {
  succeeded: [
    { afterMs: 0, progressCode: 3, downloadUrl: "http://files.example/{taskId}.zip", dataSize: 42 },
  ],
  failed: [{ afterMs: 0, progressCode: 2 }],
  cancelled: [{ afterMs: 0, progressCode: 5 }],
  expired: [{ afterMs: 0, progressCode: 7 }],
} as const;

export const RUNNING = [{ afterMs: 0, progressCode: 1 }];

/**
 * The service in this process, on real sockets, with a clock that the test moves: EnOS, the database, the topic and a
 * queue that receives all events.
 */
export class Scene implements AsyncDisposable {
  time = Date.UTC(2026, 10, 24);
  readonly cloud: Cloud;
  readonly enos: EnosSimulator;
  readonly queue: Subscription;
  readonly dependencies: SweepDependencies;
  readonly settings: SweepSettings = {
    shardCount: 4,
    sweepers: 1,
    concurrency: 32,
    requestsPerSecond: 100_000,
    deadlineMs: 7 * 24 * 60 * 60_000,
  };
  /** The calls of the sweeps' observer. */
  readonly heard: { event: keyof SweepObserver; detail: unknown }[] = [];

  private constructor(cloud: Cloud, queue: Subscription, startEnos: (now: () => number) => EnosSimulator) {
    const now = () => this.time;
    this.cloud = cloud;
    this.queue = queue;
    this.enos = startEnos(now);
    const db = this.db;
    this.dependencies = {
      shards: new ShardStore(db),
      behind: new BehindStore(db),
      health: new HealthStore(db),
      openTasks: new OpenTaskStore({ db, retentionDays: 30 }),
      ...this.#startProcess(),
      events: new EventPublisher({ topicArn: cloud.topicArn, client: cloud.sns }),
      schedule: createSchedule({ sweepIntervalSeconds: 60 }),
      observer: {
        failed: (reason, error, task) =>
          this.heard.push({ event: "failed", detail: { reason, error, task } }),
        stuck: (record) => this.heard.push({ event: "stuck", detail: record }),
        recovered: (record) => this.heard.push({ event: "recovered", detail: record }),
        unreadable: (shard, key) => this.heard.push({ event: "unreadable", detail: { shard, ...key } }),
        clockAhead: (shard, seconds) => this.heard.push({ event: "clockAhead", detail: { shard, seconds } }),
      },
      now,
    };
  }

  static async start(): Promise<Scene> {
    const cloud = await Cloud.start(tableFromSource());
    const queue = await cloud.subscribe("everything");
    let clock = () => 0;
    const enos = await startEnosSimulator({ now: () => clock() });
    return new Scene(cloud, queue, (now) => {
      clock = now;
      return enos;
    });
  }

  /** The table, as the code under test sees it. */
  get db(): Database {
    return this.cloud.db;
  }

  /** Adds an organisation, with its own key, to EnOS and the service. */
  async addOrganisation(orgId: string): Promise<void> {
    const keys = canaryKeys(orgId);
    this.enos.putOrganisation({ orgId, ...keys });
    await this.cloud.putSecret(orgId, keys);
  }

  /** Creates tasks in EnOS that follow a timeline, and tracks them from now on. */
  async track(
    orgId: string,
    count: number,
    timeline: readonly object[],
    prefix = "t",
    options: TrackingOptions = {},
  ): Promise<TaskKey[]> {
    const tasks = tasksOf(orgId, count, prefix);
    if (timeline.length > 0) {
      const taskIds = tasks.map(({ taskId }) => taskId);
      this.enos.putTasks({ orgId, channelId: "ch-1", taskIds, timelines: [timeline as never] });
    }
    const tracker = this.tracker();
    // No more at a time than the client has connections.
    await pMap(tasks, (task) => tracker.put(task, options), { concurrency: 50 });
    return tasks;
  }

  /** Creates tasks that have been tracked and running for some time, in one shard that was just swept. */
  async grown(orgId: string, count: number, ageMs: number): Promise<TaskKey[]> {
    const tasks = tasksOf(orgId, count, "old");
    const taskIds = tasks.map(({ taskId }) => taskId);
    this.enos.putTasks({ orgId, channelId: "ch-1", taskIds, timelines: [RUNNING as never] });
    const since = this.time - ageMs;
    const items: Record<string, unknown>[] = tasks.map((task) => ({
      ...keyOf(task),
      ...indexEntryOf(task, since, 1),
      trackedAt: since,
      state: "running",
      stateSince: since,
    }));
    const swept = { watermark: this.time, gaps: [], readWholeAt: this.time, announcedAt: since };
    items.push({ pk: "#shards", sk: "0", ...swept });
    for (let start = 0; start < items.length; start += 25) {
      const puts = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
      await this.db.client.send(new BatchWriteCommand({ RequestItems: { [this.db.table]: puts } }));
    }
    return tasks;
  }

  /** The store of open tasks, with some of its methods replaced. */
  openTasksWith(other: Partial<SweepDependencies["openTasks"]>): SweepDependencies["openTasks"] {
    const { openTasks } = this.dependencies;
    return {
      page: (...args) => openTasks.page(...args),
      current: (...args) => openTasks.current(...args),
      another: (...args) => openTasks.another(...args),
      change: (...args) => openTasks.change(...args),
      missing: (...args) => openTasks.missing(...args),
      uncertain: (...args) => openTasks.uncertain(...args),
      finish: (...args) => openTasks.finish(...args),
      ...other,
    };
  }

  tracker(shardCount = this.settings.shardCount): TaskStore {
    return new TaskStore({ db: this.db, shardCount, retentionDays: 30, now: () => this.time });
  }

  /** What a new process knows: no secret and no token, and nothing of how organisations answer. */
  #startProcess(): Pick<SweepDependencies, "credentials" | "enos" | "paces" | "suspects"> {
    const credentials = new SecretsManagerCredentials({
      prefix: "enos/",
      defaultBaseUrl: this.enos.url,
      gateways: { httpHosts: [], isDeployed: false },
      client: this.cloud.secrets,
    });
    const enos = new EnosClient({ credentials, now: () => this.time });
    return { credentials, enos, paces: new Paces(), suspects: new Suspects() };
  }

  /** Acts like a new process. */
  restart(): void {
    Object.assign(this.dependencies, this.#startProcess());
  }

  /** Makes one sweep. The clock is moved by a minute first, or by `after`. */
  async sweep(
    options: {
      dependencies?: Partial<SweepDependencies>;
      settings?: Partial<SweepSettings>;
      remainingMs?: number;
      shards?: number[];
      after?: number;
    } = {},
  ): Promise<SweepSummary> {
    this.time += options.after ?? 60_000;
    return sweep(
      { ...this.dependencies, ...options.dependencies },
      { ...this.settings, ...options.settings },
      { remainingMs: options.remainingMs ?? 60_000, shards: options.shards },
    );
  }

  /** Every event that has arrived since the last call. */
  async events(): Promise<TerminalEvent[]> {
    const events: TerminalEvent[] = [];
    for (;;) {
      const messages = await this.queue.poll(0);
      if (messages.length === 0) return events;
      refuseCanaries(JSON.stringify(messages), "an event");
      events.push(...messages.map(({ body }) => body as TerminalEvent));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.cloud.close(), this.enos.close()]);
  }
}

function tasksOf(orgId: string, count: number, prefix: string): TaskKey[] {
  const channelId = "ch-1";
  return Array.from({ length: count }, (_, index) => ({ orgId, channelId, taskId: `${prefix}${index}` }));
}

/** The part of Lambda's context that the functions use. */
export function lambdaContext(remainingMs = 30_000): Context {
  return { awsRequestId: "test", getRemainingTimeInMillis: () => remainingMs } as Context;
}
