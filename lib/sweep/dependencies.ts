import type { EnosClient } from "../enos/client.ts";
import type { EventPublisher } from "../events/publisher.ts";
import type { OpenTaskStore } from "../store/open-task-store.ts";
import type { ShardStore } from "../store/shard-store.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { Schedule } from "../tasks/schedule.ts";
import type { FailureReason } from "./summary.ts";

/** What a sweep works with. */
export interface SweepDependencies {
  shards: Pick<ShardStore, "list" | "lease" | "release">;
  tasks: Pick<OpenTaskStore, "page" | "change" | "missing" | "finish">;
  enos: Pick<EnosClient, "getDownloadStatus">;
  events: Pick<EventPublisher, "publish">;
  schedule: Schedule;
  observer: SweepObserver;
  /** Unix milliseconds. */
  now: () => number;
}

/** Hears of what a sweep passes over, so that it can be logged. */
export interface SweepObserver {
  /** Something did not work for one task, or for one shard where no task is named. */
  failed(reason: FailureReason, error: Error, task?: OpenTask): void;
  /** An organisation is left alone for the rest of this sweep. */
  stopped(orgId: string, reason: FailureReason): void;
  /** An item of the index is none that this version could have written. */
  unreadable(shard: number, key: { pk: unknown; sk: unknown }): void;
}

/** How a sweep is set. */
export interface SweepSettings {
  shardCount: number;
  /** Calls to EnOS at a time. */
  concurrency: number;
  /** Calls to EnOS per second for one organisation. */
  requestsPerSecond: number;
  /** How long a task is tracked at most, in milliseconds. */
  deadlineMs: number;
}
