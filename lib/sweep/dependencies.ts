import type { EnosClient } from "../enos/client.ts";
import type { CredentialSource } from "../enos/credentials.ts";
import type { EventPublisher } from "../events/publisher.ts";
import type { BehindStore } from "../store/behind-store.ts";
import type { HealthRecord, HealthStore } from "../store/health-store.ts";
import type { OpenTaskStore } from "../store/open-task-store.ts";
import type { ShardStore } from "../store/shard-store.ts";
import type { TaskStore } from "../store/task-store.ts";
import type { TaskKey } from "../tasks/key.ts";
import type { Schedule } from "../tasks/schedule.ts";
import type { Paces } from "./paces.ts";
import type { FailureReason } from "./summary.ts";
import type { Suspects } from "./suspects.ts";

/** What checks are made with. */
export interface CheckDependencies {
  health: Pick<HealthStore, "list" | "put" | "claimProbe" | "remove">;
  openTasks: Pick<OpenTaskStore, "current" | "another" | "change" | "missing" | "uncertain" | "finish">;
  credentials: Pick<CredentialSource, "get" | "refresh">;
  enos: Pick<EnosClient, "getDownloadStatus">;
  events: Pick<EventPublisher, "publish">;
  schedule: Schedule;
  observer: SweepObserver;
  /** What is known of each organisation from earlier calls of this process. */
  paces: Paces;
  /** The tasks about which the last calls of this process went unanswered. */
  suspects: Suspects;
  /** Unix milliseconds. */
  now: () => number;
}

/** What a sweep works with. */
export interface SweepDependencies extends CheckDependencies {
  shards: Pick<ShardStore, "list" | "lease" | "isHeld" | "release">;
  behind: Pick<BehindStore, "list" | "write" | "remove">;
  openTasks: CheckDependencies["openTasks"] & Pick<OpenTaskStore, "page">;
}

/** The dependencies of checks of tasks that hints name. */
export interface HintDependencies extends CheckDependencies {
  shards: Pick<ShardStore, "get">;
  behind: Pick<BehindStore, "get">;
  openTasks: CheckDependencies["openTasks"] & Pick<OpenTaskStore, "find">;
  taskStore: Pick<TaskStore, "adopt">;
}

/** Called when something goes wrong or changes in a sweep, so that it can be logged. */
export interface SweepObserver {
  /** Something failed: for one task, if it is given. */
  failed(reason: FailureReason, error: unknown, task?: TaskKey): void;
  /** An organisation or a gateway is only probed from now on. */
  stuck(record: HealthRecord): void;
  /** It answers again. */
  recovered(record: HealthRecord): void;
  /** An item of the index could not have been written by this version. */
  unreadable(shard: number, key: { pk: unknown; sk: unknown }): void;
  /** A watermark is this many seconds ahead of this sweep's clock: this clock, or an earlier sweep's, is wrong. */
  clockAhead(shard: number, seconds: number): void;
}

/** Settings of checks. */
export interface CheckSettings {
  /** Call slots. */
  concurrency: number;
  /** Calls to EnOS per second for one organisation, unless its secret says otherwise. */
  requestsPerSecond: number;
  /** How long a task is tracked at most, in milliseconds. */
  deadlineMs: number;
}

/** Settings of a sweep. */
export interface SweepSettings extends CheckSettings {
  shardCount: number;
  /** Sweeps at a time, this one included. */
  sweepers: number;
}
