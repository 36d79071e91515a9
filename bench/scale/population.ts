import { indexKeyOf, OFFSETS } from "../../lib/store/index-key.ts";
import type { Schedule } from "../../lib/tasks/schedule.ts";
import { seeded } from "../../local/harness/random.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { mean } from "../harness/statistics.ts";
import { LONGEST } from "../simulation/durations.ts";
import type { Scenario } from "./scenarios.ts";

/** A task; times are whole milliseconds since the time began, since there are millions of them. */
export interface SimulatedTask {
  readonly orgId: string;
  /** Its place among all tasks. */
  id: number;
  readonly indexKey: string;
  readonly trackedAt: number;
  readonly endsAt: number;
  /** In OFFSETS-ths. */
  readonly offset: number;
  state: "pending" | "running" | "closed";
  /** When EnOS answered last that it goes on. */
  checkedAt: number | undefined;
  /** Whether its end has been published. */
  isAnnounced: boolean;
}

/** All tasks that there are and will be. */
export interface Population {
  tasks: SimulatedTask[];
  /** Each shard's, in the index's order. */
  shards: SimulatedTask[][];
  /** Tasks that begin to be tracked, per second. */
  arrivalsPerSecond: number;
}

/** Tasks drawn for how long one is open on average. */
const SAMPLE = 2 ** 16;

/**
 * Tasks in a steady state: they have begun to be tracked at one rate for ever, a sweep has just ended, and they go on
 * beginning until the horizon.
 */
export function populate(scenario: Scenario, schedule: Schedule, horizonMs: number): Population {
  const { durations } = scenario;
  const random = seeded(1);
  const sample = Array.from({ length: SAMPLE }, () => durations.draw(random));
  // What has ended waits for half an interval on average.
  const perMs = scenario.tasks / mean(sample.map((one) => one + schedule.interval(one) / 2));
  const longestMs = LONGEST + schedule.bound(LONGEST);
  const begunInShard = Math.round((perMs * (longestMs + horizonMs)) / scenario.shards);
  const organisations = Array.from({ length: scenario.organisations }, (_, number) => `o${number}`);
  const tasks: SimulatedTask[] = [];

  const drawShard = () => {
    const shard: SimulatedTask[] = [];
    for (let begun = 0; begun < begunInShard; begun++) {
      const trackedAt = Math.floor(random() * (longestMs + horizonMs) - longestMs);
      const endsAt = Math.floor(trackedAt + durations.draw(random));
      const offset = Math.floor(random() * OFFSETS);
      if (isSeen({ trackedAt, endsAt, offset }, schedule, scenario.intervalSeconds * 1_000)) continue;
      shard.push({
        orgId: organisations[begun % organisations.length] as string,
        id: 0,
        indexKey: indexKeyOf(EPOCH + trackedAt, offset / OFFSETS),
        trackedAt,
        endsAt,
        offset,
        state: trackedAt < 0 ? "running" : "pending",
        checkedAt: trackedAt < 0 ? 0 : undefined,
        isAnnounced: false,
      });
    }
    shard.sort((a, b) => (a.indexKey < b.indexKey ? -1 : 1));
    for (const task of shard) task.id = tasks.push(task) - 1;
    return shard;
  };
  const shards = Array.from({ length: scenario.shards }, drawShard);
  return { tasks, shards, arrivalsPerSecond: perMs * 1_000 };
}

/** Whether a task's end was seen before the time began: it was due in a sweep since. */
function isSeen(
  task: Pick<SimulatedTask, "trackedAt" | "endsAt" | "offset">,
  schedule: Schedule,
  sweepMs: number,
): boolean {
  if (task.endsAt > 0) return false;
  const lastBefore = (Math.ceil(task.endsAt / sweepMs) - 1) * sweepMs;
  return schedule.isDue(scheduled(task), EPOCH + lastBefore, EPOCH);
}

/** A task as the schedule knows it. */
export function scheduled({ trackedAt, offset }: Pick<SimulatedTask, "trackedAt" | "offset">) {
  return { trackedAt: EPOCH + trackedAt, offset: offset / OFFSETS };
}

/** The place of a shard's first task whose key is not less. */
export function firstAt(shard: readonly SimulatedTask[], key: string): number {
  let low = 0;
  let high = shard.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shard[middle] as SimulatedTask).indexKey < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
