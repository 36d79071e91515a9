import { indexKeyOf, OFFSETS } from "../../lib/store/index-key.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import type { TrackedState } from "../../lib/tasks/state.ts";
import { byIndexKey } from "../../local/harness/memory-tasks.ts";
import { seeded } from "../../local/harness/random.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { mean } from "../harness/statistics.ts";
import { LONGEST } from "../simulation/durations.ts";
import type { Scenario } from "./scenarios.ts";

/** A task. Times are whole milliseconds since EPOCH: with millions of tasks, small integers save memory. */
export interface SimulatedTask {
  readonly orgId: string;
  /** Its index among all tasks. */
  id: number;
  readonly indexKey: string;
  readonly trackedAt: number;
  readonly endsAt: number;
  /** A multiple of 1/OFFSETS. */
  readonly offset: number;
  state: TrackedState | "closed";
  /** When EnOS last answered that it was still running. */
  checkedAt: number | undefined;
  /** Whether its end has been published. */
  isAnnounced: boolean;
}

/** All tasks of a simulation, including those that start later. */
export interface Population {
  tasks: SimulatedTask[];
  /** The tasks of each shard, in the order of the index. */
  shards: SimulatedTask[][];
  /** How many tasks start to be tracked per second. */
  arrivalsPerSecond: number;
}

/** How many durations the average is computed from. */
const SAMPLE = 2 ** 16;

/** Tasks in a steady state: they arrive at a constant rate, since long before EPOCH, when a sweep has just ended. */
export function populate(scenario: Scenario, schedule: Schedule, horizonMs: number): Population {
  const { durations } = scenario;
  const random = seeded(1);
  const sample = Array.from({ length: SAMPLE }, () => durations.draw(random));
  // On average, a task that has ended stays open for half an interval.
  const perMs = scenario.tasks / mean(sample.map((one) => one + schedule.interval(one) / 2));
  const longestMs = LONGEST + schedule.bound(LONGEST);
  const startedInShard = Math.round((perMs * (longestMs + horizonMs)) / scenario.shardCount);
  const organisations = Array.from({ length: scenario.organisations }, (_, number) => `o${number}`);
  const tasks: SimulatedTask[] = [];
  const shards = Array.from({ length: scenario.shardCount }, () => {
    const shard: SimulatedTask[] = [];
    for (let started = 0; started < startedInShard; started++) {
      const trackedAt = Math.floor(random() * (longestMs + horizonMs) - longestMs);
      const endsAt = Math.floor(trackedAt + durations.draw(random));
      const offset = Math.floor(random() * OFFSETS);
      if (isSeen({ trackedAt, endsAt, offset }, schedule, scenario.intervalSeconds * 1_000)) continue;
      const isNew = trackedAt >= 0;
      shard.push({
        orgId: organisations[started % organisations.length] as string,
        id: 0,
        indexKey: indexKeyOf(EPOCH + trackedAt, offset / OFFSETS),
        trackedAt,
        endsAt,
        offset,
        state: isNew ? "pending" : "running",
        checkedAt: isNew ? undefined : 0,
        isAnnounced: false,
      });
    }
    shard.sort(byIndexKey);
    for (const task of shard) task.id = tasks.push(task) - 1;
    return shard;
  });
  return { tasks, shards, arrivalsPerSecond: perMs * 1_000 };
}

type Times = Pick<SimulatedTask, "trackedAt" | "endsAt" | "offset">;

/** Whether a sweep before EPOCH has seen the task's end. */
function isSeen(task: Times, schedule: Schedule, sweepMs: number): boolean {
  if (task.endsAt > 0) return false;
  const lastSweepBefore = (Math.ceil(task.endsAt / sweepMs) - 1) * sweepMs;
  return schedule.isDue(scheduled(task), EPOCH + lastSweepBefore, EPOCH);
}

/** The task as the schedule expects it. */
export function scheduled({ trackedAt, offset }: Omit<Times, "endsAt">) {
  return { trackedAt: EPOCH + trackedAt, offset: offset / OFFSETS };
}
