import { indexEntryOf, parseIndexKey } from "../../lib/store/index-key.ts";
import type { Outcome } from "../../lib/tasks/decision.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { IndexKey, OpenTask } from "../../lib/tasks/record.ts";
import type { TerminalState } from "../../lib/tasks/state.ts";
import { byIndexKey, type Rows } from "../../local/harness/memory-tasks.ts";

/** A task of a world; times are Unix milliseconds by a true clock, but for `trackedAt`. */
export interface WorldTask extends TaskKey, IndexKey {
  shard: number;
  putAt: number;
  endsAt: number;
  deletedAt: number;
  isNeverAnswered: boolean;
  /** Its own deadline. */
  deadlineAt: number | undefined;
  closedAt: number;
  closedAs: TerminalState | undefined;
  /** When EnOS answered about it. */
  answeredAt: number[];
  /** When one of these answers had a usable status. */
  knownAt: number[];
  /** What was written of it while it was open, and when. */
  versions: { at: number; task: OpenTask }[];
}

/** Any task. @param trackedAt by the tracker's clock */
export function worldTask(
  task: Pick<
    WorldTask,
    "orgId" | "taskId" | "putAt" | "endsAt" | "deletedAt" | "isNeverAnswered" | "deadlineAt"
  >,
  trackedAt: number,
  shards: number,
): WorldTask {
  const taskKey: TaskKey = { orgId: task.orgId, channelId: "c", taskId: task.taskId };
  const { openShard, openKey } = indexEntryOf(taskKey, trackedAt, shards);
  const { offset } = parseIndexKey(openKey) as IndexKey;
  const key = { ...taskKey, indexKey: openKey, trackedAt, offset };
  const pending: OpenTask = {
    ...key,
    state: "pending",
    notFound: null,
    deadlineAt: task.deadlineAt,
    uncertainSince: undefined,
  };
  return {
    ...task,
    ...key,
    shard: openShard,
    closedAt: Number.POSITIVE_INFINITY,
    closedAs: undefined,
    answeredAt: [],
    knownAt: [],
    versions: [{ at: task.putAt, task: pending }],
  };
}

/** The tasks of a world, with all that was ever written of them: its index shows them as they were a while ago. */
export class WorldTasks implements Rows<WorldTask> {
  readonly #now: () => number;
  readonly #byShard: Map<number, WorldTask[]>;
  readonly #byOrganisation: Map<string, WorldTask[]>;
  readonly #byId: Map<string, WorldTask>;

  constructor(tasks: readonly WorldTask[], now: () => number) {
    this.#now = now;
    this.#byShard = Map.groupBy(tasks.toSorted(byIndexKey), ({ shard }) => shard);
    this.#byOrganisation = Map.groupBy(tasks, ({ orgId }) => orgId);
    this.#byId = new Map(tasks.map((task) => [task.taskId, task]));
  }

  including(orgId: string): WorldTask[] {
    return this.#byOrganisation.get(orgId) ?? [];
  }

  inShard(shard: number): WorldTask[] {
    return this.#byShard.get(shard) ?? [];
  }

  find({ taskId }: Pick<TaskKey, "taskId">): WorldTask {
    return this.#byId.get(taskId) as WorldTask;
  }

  openAt({ closedAt, deletedAt, versions }: WorldTask, at: number): OpenTask | undefined {
    if (at >= closedAt || at >= deletedAt) return undefined;
    return versions.findLast((version) => version.at <= at)?.task;
  }

  write({ versions }: WorldTask, task: OpenTask): void {
    versions.push({ at: this.#now(), task });
  }

  close(task: WorldTask, { state }: Outcome): void {
    task.closedAt = this.#now();
    task.closedAs = state;
  }
}
