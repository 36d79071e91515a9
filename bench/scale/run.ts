import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { sweepInRounds } from "../../lib/sweep/rounds.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { sweep } from "../../lib/sweep/sweep.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import { MemoryRecords } from "../../local/harness/memory-records.ts";
import { EPOCH, VirtualTime } from "../../local/harness/virtual-time.ts";
import { INVOCATION_MS, LATENCY_MS, SWEEP_MS } from "./assumptions.ts";
import { neighbours, type World } from "./neighbours.ts";
import { populate } from "./population.ts";
import { Processor } from "./processor.ts";
import { lostEnds, overdueMs } from "./promises.ts";
import { Rate } from "./rate.ts";
import type { Scenario } from "./scenarios.ts";

const DEADLINE_MS = 7 * 24 * 60 * 60_000;
/** The first minute is not counted: in it each shard finds its turn among the others. */
const SETTLING_MINUTES = 1;

/** All sweepers' sweeps of one minute. */
export interface Minute {
  /** Of every round. */
  summaries: SweepSummary[];
  /** How long all invocations ran together, in seconds. */
  invokedSeconds: number;
  /** Seconds that the busiest sweeper's processor was busy. */
  cpuSeconds: number;
  /** The lag that the sweep told that ended last, in seconds. */
  lagSeconds: number;
  /** For how long the check that was most overdue then had been due, in seconds. */
  overdueSeconds: number;
}

/** What came of a scenario. */
export interface Outcome extends Pick<World, "usage" | "delays"> {
  scenario: Scenario;
  minutes: Minute[];
  /** Ends that were closed without an event, or that the watermark passed over. */
  lost: number;
  arrivalsPerSecond: number;
}

/**
 * Sweeps a population for some minutes of virtual time, with the service's own engine.
 *
 * @param engine a test may put one in its place that does not do what it should
 */
export async function run(scenario: Scenario, engine: typeof sweep = sweep): Promise<Outcome> {
  const { intervalSeconds, shards: shardCount, sweepers, concurrency, requestsPerSecond } = scenario;
  const minuteAt = (minute: number) => EPOCH + minute * SWEEP_MS;
  const lastMinute = SETTLING_MINUTES + scenario.minutes;
  const end = minuteAt(lastMinute + 1);
  const schedule = createSchedule({ sweepIntervalSeconds: intervalSeconds });
  const population = populate(scenario, schedule, end - EPOCH);
  using time = new VirtualTime();
  const counted = () => new Rate(minuteAt(SETTLING_MINUTES + 1));
  const usage = {
    checks: counted(),
    events: counted(),
    reads: counted(),
    taskWrites: counted(),
    recordWrites: counted(),
  };
  const delays: number[] = [];
  const records = new MemoryRecords({
    latency: () => time.after(LATENCY_MS.item),
    onWrite: () => usage.recordWrites.add(1, time.now),
  });
  for (let shard = 0; shard < shardCount; shard++) records.announce(shard, EPOCH, EPOCH);

  /** One invocation of the sweep's function, which makes rounds where the interval is below a minute. */
  const invoke = async (seed: number) => {
    const processor = new Processor({ time, memory: scenario.memory });
    const dependencies: SweepDependencies = {
      ...records.stores(),
      ...neighbours({ population, time, usage, delays }, processor, seed),
      credentials: CREDENTIALS,
      schedule,
      observer: UNHEARD,
      now: () => time.now,
    };
    const settings = { shardCount, sweepers, concurrency, requestsPerSecond, deadlineMs: DEADLINE_MS };
    const summaries: SweepSummary[] = [];
    const startedAt = time.now;
    const round = async () => {
      const remainingMs = INVOCATION_MS - (time.now - startedAt);
      const summary = await engine(dependencies, settings, { remainingMs });
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

/** Every organisation has the same gateway. */
const CREDENTIALS: SweepDependencies["credentials"] = {
  get: async () => ({
    accessKey: "key",
    secretKey: "secret",
    baseUrl: "https://enos.example",
    requestsPerSecond: undefined,
  }),
  refresh: () => CREDENTIALS.get(""),
};

/** What a sweep passes over is in its summary. */
const UNHEARD: SweepDependencies["observer"] = {
  failed() {},
  stuck() {},
  recovered() {},
  unreadable() {},
  clockAhead() {},
};
