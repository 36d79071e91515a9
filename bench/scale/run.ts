import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { Paces } from "../../lib/sweep/paces.ts";
import { sweepInRounds } from "../../lib/sweep/rounds.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { Suspects } from "../../lib/sweep/suspects.ts";
import { sweep } from "../../lib/sweep/sweep.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import { DAY_MS } from "../../lib/time/day.ts";
import { MemoryRecords } from "../../local/harness/memory-records.ts";
import { EPOCH, VirtualTime } from "../../local/harness/virtual-time.ts";
import { INVOCATION_MS, LATENCY_MS, SWEEP_MS } from "./assumptions.ts";
import { populate } from "./population.ts";
import { Processor } from "./processor.ts";
import { lostEnds, overdueMs } from "./promises.ts";
import { Rate } from "./rate.ts";
import type { Scenario } from "./scenarios.ts";
import { simulatedServices, type World } from "./simulated-services.ts";

const DEADLINE_MS = 7 * DAY_MS;
/** Minutes that are not counted: the sweepers first have to divide the shards among themselves. */
const SETTLING_MINUTES = 1;

/** All sweeps of one minute. */
export interface Minute {
  /** The summaries of all rounds. */
  summaries: SweepSummary[];
  /** The sum of the durations of all invocations, in seconds. */
  invokedSeconds: number;
  /** The CPU time of the busiest invocation, in seconds. */
  cpuSeconds: number;
  /** The lag that the last sweep reported, in seconds. */
  lagSeconds: number;
  /** By how much the most overdue check was overdue at that time, in seconds. */
  overdueSeconds: number;
}

/** The outcome of a scenario. */
export interface Outcome extends Pick<World, "usage" | "delays"> {
  scenario: Scenario;
  minutes: Minute[];
  /** How many ends were lost. */
  lost: number;
  arrivalsPerSecond: number;
}

/**
 * Sweeps a population for some minutes of virtual time.
 *
 * @param engine replaced by tests with one that is broken
 */
export async function run(scenario: Scenario, engine: typeof sweep = sweep): Promise<Outcome> {
  const { intervalSeconds, shardCount, sweepers } = scenario;
  const minuteAt = (minute: number) => EPOCH + minute * SWEEP_MS;
  const lastMinute = SETTLING_MINUTES + scenario.minutes;
  const end = minuteAt(lastMinute + 1);
  const schedule = createSchedule({ sweepIntervalSeconds: intervalSeconds });
  const population = populate(scenario, schedule, end - EPOCH);
  using time = new VirtualTime();
  const rate = () => new Rate(minuteAt(SETTLING_MINUTES + 1));
  const usage = { checks: rate(), events: rate(), reads: rate(), taskWrites: rate(), recordWrites: rate() };
  const delays: number[] = [];
  const records = new MemoryRecords({
    latency: () => time.after(LATENCY_MS.item),
    onWrite: () => usage.recordWrites.add(1, time.now),
  });
  for (let shard = 0; shard < shardCount; shard++) records.announce(shard, EPOCH, EPOCH);

  /** One invocation of the function, with all of its rounds, in a process that knows no paces and no suspects yet. */
  const invoke = async (seed: number) => {
    const processor = new Processor({ time, memory: scenario.memory });
    const dependencies: SweepDependencies = {
      ...records.stores(),
      ...simulatedServices({ population, time, usage, delays }, processor, seed),
      credentials: CREDENTIALS,
      schedule,
      observer: OBSERVER,
      paces: new Paces(),
      suspects: new Suspects(),
      now: () => time.now,
    };
    const summaries: SweepSummary[] = [];
    const startedAt = time.now;
    const round = async () => {
      const remainingMs = INVOCATION_MS - (time.now - startedAt);
      const summary = await engine(dependencies, { ...scenario, deadlineMs: DEADLINE_MS }, { remainingMs });
      summaries.push(summary);
      return summary;
    };
    const rounds = { rounds: 60 / intervalSeconds, intervalMs: intervalSeconds * 1_000, schedule };
    await sweepInRounds(round, rounds, { now: () => time.now, after: (ms) => time.after(ms) });
    return { summaries, busyMs: processor.busyMs, tookMs: time.now - startedAt, endedAt: time.now };
  };

  const minutes: Minute[] = [];
  const simulation = async () => {
    for (let minute = 1; minute <= lastMinute; minute++) {
      await time.after(minuteAt(minute) - time.now);
      const seeds = Array.from({ length: sweepers }, (_, sweeper) => minute * sweepers + sweeper);
      const invocations = await Promise.all(seeds.map(invoke));
      if (minute <= SETTLING_MINUTES) continue;
      const last = invocations.reduce((a, b) => (a.endedAt > b.endedAt ? a : b));
      minutes.push({
        summaries: invocations.flatMap(({ summaries }) => summaries),
        invokedSeconds: invocations.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000,
        cpuSeconds: Math.max(...invocations.map(({ busyMs }) => busyMs)) / 1_000,
        lagSeconds: last.summaries.at(-1)?.watermarkLagSeconds ?? 0,
        overdueSeconds: overdueMs(population, schedule, last.endedAt) / 1_000,
      });
    }
  };
  await time.run(simulation());
  const lost = lostEnds(population, records, schedule, end);
  return { scenario, minutes, usage, delays, lost, arrivalsPerSecond: population.arrivalsPerSecond };
}

const SECRET = { accessKey: "key", secretKey: "secret", baseUrl: "https://enos.example" };
const get = async () => ({ ...SECRET, requestsPerSecond: undefined });
const CREDENTIALS: SweepDependencies["credentials"] = { get, refresh: get };

/** Failures are in the summaries already. */
const ignore = () => {};
const OBSERVER: SweepDependencies["observer"] = {
  failed: ignore,
  stuck: ignore,
  recovered: ignore,
  unreadable: ignore,
  clockAhead: ignore,
};
