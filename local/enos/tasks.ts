import { type AnswerShape, spread } from "./shape.ts";
import { stepAt, type Timeline } from "./timeline.ts";

/** A download task. Its state is derived from its timeline and the clock, so that it needs no timer. */
export interface Task {
  readonly startedAt: number;
  readonly timeline: Timeline;
  readonly shape?: Partial<AnswerShape> | undefined;
}

/** How unregistered tasks behave: any id exists and follows one of the timelines, chosen by its hash. */
export interface AnyTask {
  readonly timelines: readonly Timeline[];
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Tasks start up to this much later than `startedAt`, depending on the id's hash. */
  readonly spreadMs: number;
}

/** How long a running task is "cancelling" before it is "cancelled". */
const CANCELLING_MS = 1_000;

/** The tasks of one organisation. A record is three words and shares its timeline, so 100,000 of them are cheap. */
export class TaskBook {
  anyTask: AnyTask | undefined;
  // null marks a removed task: it must not reappear through `anyTask`.
  readonly #tasks = new Map<string, Task | null>();
  readonly #requests = new Map<string, number>();

  put(key: string, task: Task): void {
    this.#tasks.set(key, task);
  }

  /** @returns whether the task existed */
  remove(key: string): boolean {
    const existed = this.find(key) !== undefined;
    this.#tasks.set(key, null);
    return existed;
  }

  find(key: string): Task | undefined {
    const task = this.#tasks.get(key);
    if (task !== undefined) return task ?? undefined;
    if (this.anyTask === undefined) return undefined;
    const { timelines, startedAt, spreadMs } = this.anyTask;
    const hash = spread(key);
    const timeline = timelines[hash % timelines.length];
    if (timeline === undefined) return undefined;
    return { timeline, startedAt: startedAt + (spreadMs === 0 ? 0 : hash % spreadMs) };
  }

  /** Replaces the rest of the task's timeline by "cancelling, cancelled"; a waiting task is cancelled at once. */
  cancel(key: string, task: Task, now: number): Task {
    const elapsed = now - task.startedAt;
    const past = task.timeline.filter((step) => step.afterMs <= elapsed);
    const running = stepAt(task.timeline, elapsed).progressCode !== 0;
    const future = running
      ? [
          { afterMs: elapsed, progressCode: 4 },
          { afterMs: elapsed + CANCELLING_MS, progressCode: 5 },
        ]
      : [{ afterMs: elapsed, progressCode: 5 }];
    const cancelled = { ...task, timeline: [...past, ...future] };
    this.#tasks.set(key, cancelled);
    return cancelled;
  }

  countRequest(key: string): void {
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  /** Status requests for the task since the last reset. */
  requests(key: string): number {
    return this.#requests.get(key) ?? 0;
  }

  /** Status requests by `channelId/taskId`. */
  allRequests(): Record<string, number> {
    return Object.fromEntries(this.#requests);
  }

  resetRequests(): void {
    this.#requests.clear();
  }
}

/** Registered ids contain no slash, so the key of two ids is unique. */
export function taskKey(channelId: string, taskId: string): string {
  return `${channelId}/${taskId}`;
}
