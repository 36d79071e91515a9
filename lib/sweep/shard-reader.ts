import type { Coverage } from "../store/coverage.ts";
import { reachedKeys } from "../store/index-key.ts";
import { ALL_KEYS, clip, type KeySpan, union } from "../store/key-span.ts";
import type { IsWanted } from "../store/open-task-store.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { SweepDependencies } from "./dependencies.ts";
import type { OpenCount } from "./open-count.ts";
import { readPages } from "./pages.ts";
import type { Position } from "./pass.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** What to read of a shard. */
interface Reading {
  /** Spans of index keys, in the order in which they are read. */
  legs: readonly KeySpan[];
  /** The parts of them that are read. */
  spans: KeySpan[];
  /** Whether a task is needed; otherwise only its key and deadline are parsed. */
  isWanted: IsWanted;
  /** Called with each wanted task; returns false to stop reading. */
  take: (task: OpenTask, position: Position) => boolean;
  /** Counts the tasks that are read, wanted or not. */
  openCount?: OpenCount;
}

/** Reads the open tasks of one shard that can be due by the time of its sweep. */
export class ShardReader {
  readonly #dependencies: Pick<SweepDependencies, "openTasks" | "schedule" | "observer">;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #shard: number;
  readonly #to: number;
  readonly #isLate: (task: Pick<OpenTask, "trackedAt" | "deadlineAt">) => boolean;
  readonly #onFailure: (error: unknown) => void;

  constructor(options: {
    dependencies: Pick<SweepDependencies, "openTasks" | "schedule" | "observer">;
    summary: SweepSummary;
    time: TimeBudget;
    shard: number;
    /** The end of all windows, in Unix milliseconds. */
    to: number;
    /** Whether a task is past its deadline, and so wanted even if it is not due. */
    isLate: (task: Pick<OpenTask, "trackedAt" | "deadlineAt">) => boolean;
    /** Called when a read fails before the time is over. */
    onFailure: (error: unknown) => void;
  }) {
    this.#dependencies = options.dependencies;
    this.#summary = options.summary;
    this.#time = options.time;
    this.#shard = options.shard;
    this.#to = options.to;
    this.#isLate = options.isLate;
    this.#onFailure = options.onFailure;
  }

  /** Reads. Resolves with the position from which on it did not; undefined if it read everything. */
  async read({ legs, spans, isWanted, take, openCount }: Reading): Promise<Position | undefined> {
    const { openTasks, observer } = this.#dependencies;
    const isCountedAndWanted: IsWanted = (key, deadlineAt) => {
      openCount?.see(key);
      const age = Math.max(0, this.#to - key.trackedAt);
      this.#summary.youngestAgeMs = Math.min(age, this.#summary.youngestAgeMs ?? age);
      return isWanted(key, deadlineAt);
    };
    let position = { leg: 0, key: ALL_KEYS.from };
    try {
      for (const [leg, span] of legs.entries()) {
        position = { leg, key: span.from };
        const parts = clip(spans, span);
        for await (const page of readPages(
          openTasks,
          this.#shard,
          parts,
          isCountedAndWanted,
          this.#time.signal,
        )) {
          openCount?.cover(page.keys);
          this.#summary.read += page.read;
          this.#summary.unreadable += page.unreadable.length;
          for (const key of page.unreadable) observer.unreadable(this.#shard, key);
          for (const task of page.tasks) {
            position = { leg, key: task.indexKey };
            if (this.#time.isClosing || !take(task, position)) return position;
          }
        }
      }
      return undefined;
    } catch (error) {
      // A read that was cut off at the end of the time is not a failure.
      if (!this.#time.isClosing) this.#onFailure(error);
      return position;
    }
  }

  /** Wants tasks that can be due if everything has been checked up to `least`, and tasks past their deadline. */
  isDueSince(least: number): IsWanted {
    return (key, deadlineAt) =>
      this.#dependencies.schedule.isDue(key, least, this.#to) || this.#isLate({ ...key, deadlineAt });
  }

  /** The spans of index keys in which tasks can be due, given how far keys have been checked. */
  reach(coverage: Coverage): KeySpan[] {
    const spans: KeySpan[] = [];
    const windows = new Map<number, KeySpan[]>();
    for (const { watermark, from, to } of coverage) {
      if (watermark >= this.#to) continue;
      let reached = windows.get(watermark);
      if (!reached) {
        reached = reachedKeys(this.#dependencies.schedule.reach(watermark, this.#to));
        windows.set(watermark, reached);
      }
      spans.push(...clip(reached, { from, to }));
    }
    return union(spans);
  }
}
