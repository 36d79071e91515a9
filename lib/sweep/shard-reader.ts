import { type KeySpan, PAST_KEYS } from "../store/checkpoint.ts";
import { ALL, type Coverage, clip, only, union } from "../store/coverage.ts";
import { keyRanges } from "../store/index-key.ts";
import type { IsWanted } from "../store/open-task-store.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { SweepDependencies } from "./dependencies.ts";
import type { OpenCount } from "./open-count.ts";
import { readPages } from "./pages.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** Where in a pass something is: a key in one of its legs. */
export interface Position {
  leg: number;
  key: string;
}

/** One reading of a shard, or of a part of it. */
export interface Pass {
  /** The index keys in the order in which they are read. */
  legs: KeySpan[];
  /** What of them is to be read. */
  spans: KeySpan[];
  /** Of a task that is not, nothing more is read than its key. */
  isWanted: IsWanted;
  /** Takes a task; false when nothing more is to be read. */
  take: (task: OpenTask, position: Position) => boolean;
  /** Counts what is read, wanted or not. */
  openCount?: OpenCount;
}

/** Reads the open tasks of one shard that can be due by the time of its sweep. */
export class ShardReader {
  readonly #dependencies: Pick<SweepDependencies, "tasks" | "schedule" | "observer">;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #shard: number;
  readonly #to: number;
  readonly #isLate: (task: Pick<OpenTask, "trackedAt" | "deadlineAt">) => boolean;
  readonly #onFailure: (error: unknown) => void;

  constructor(options: {
    dependencies: Pick<SweepDependencies, "tasks" | "schedule" | "observer">;
    summary: SweepSummary;
    time: TimeBudget;
    shard: number;
    /** All windows end here, in Unix milliseconds. */
    to: number;
    /** Whether a task is past its deadline, and so wanted whether or not it is due. */
    isLate: (task: Pick<OpenTask, "trackedAt" | "deadlineAt">) => boolean;
    /** Hears of a read that failed before the time was over. */
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

  /** Reads a pass to its end. Returns the first position that was not read, if there is one. */
  async read({ legs, spans, isWanted, take, openCount }: Pass): Promise<Position | undefined> {
    const { tasks, observer } = this.#dependencies;
    const isCountedAndWanted: IsWanted = (key, deadlineAt) => {
      openCount?.see(key);
      return isWanted(key, deadlineAt);
    };
    let position = { leg: 0, key: ALL.from };
    try {
      for (const [leg, range] of legs.entries()) {
        position = { leg, key: range.from };
        const parts = clip(spans, range);
        for await (const page of readPages(
          tasks,
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
            if (task.indexKey >= range.to) continue;
            position = { leg, key: task.indexKey };
            if (this.#time.isClosing || !take(task, position)) return position;
          }
        }
      }
      return undefined;
    } catch (error) {
      // A read that the end of the time cut off is no fault.
      if (!this.#time.isClosing) this.#onFailure(error);
      return position;
    }
  }

  /** Which tasks can be due, where nothing is checked less far than that. */
  isDueSince(least: number): IsWanted {
    return (key, deadlineAt) => {
      const age = Math.max(0, this.#to - key.trackedAt);
      if (age < (this.#summary.youngestAgeMs ?? Number.POSITIVE_INFINITY)) this.#summary.youngestAgeMs = age;
      return this.#dependencies.schedule.isDue(key, least, this.#to) || this.#isLate({ ...key, deadlineAt });
    };
  }

  /** Where the tasks stand that can be due of what is checked so far. */
  reach(coverage: Coverage): KeySpan[] {
    const spans: KeySpan[] = [];
    const windows = new Map<number, KeySpan[]>();
    for (const { watermark, from, to } of coverage) {
      if (watermark >= this.#to) continue;
      let reached = windows.get(watermark);
      if (!reached) {
        const ranges = keyRanges(this.#dependencies.schedule.reach(watermark, this.#to));
        reached = ranges.map(({ from, through }, index) => ({
          from,
          // Behind the last key that a task can have stands what no sweep could have written: it is told of, too.
          to: index === ranges.length - 1 ? PAST_KEYS : only(through).to,
        }));
        windows.set(watermark, reached);
      }
      spans.push(...clip(reached, { from, to }));
    }
    return union(spans);
  }
}

/** What of a pass comes from a position on. */
export function rest(legs: readonly KeySpan[], { leg, key }: Position): KeySpan[] {
  const [current, ...later] = legs.slice(leg) as [KeySpan, ...KeySpan[]];
  return [...clip([{ from: key, to: current.to }], ALL), ...later];
}
