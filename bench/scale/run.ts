import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { sweepInRounds } from "../../lib/sweep/rounds.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { sweep } from "../../lib/sweep/sweep.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import { INVOCATION_MS, LATENCY_MS } from "./assumptions.ts";
import { Delays } from "./delays.ts";
import { simulatedEnos } from "./enos.ts";
import { simulatedEvents } from "./events.ts";
import { overdueMs } from "./lag.ts";
import { type Missed, missed } from "./missed.ts";
import { Population } from "./population.ts";
import { Processor } from "./processor.ts";
import { MemoryRecords } from "./records.ts";
import type { Scenario } from "./scenarios.ts";
import { SimulatedTasks } from "./tasks.ts";
import { Usage } from "./usage.ts";
import { EPOCH, VirtualTime } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** From one sweep to the next, in milliseconds. */
export const SWEEP_MS = 60_000;
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
export interface Outcome {
  scenario: Scenario;
  minutes: Minute[];
  usage: Usage;
  delays: Delays;
  missed: Missed;
  arrivalsPerSecond: number;
}

/**
 * Sweeps a population for some minutes of virtual time, with the service's own engine.
 *
 * @param engine a test may put one in its place that does not do what it should
 */
export async function run(
  scenario: Scenario,
  onMinute: (minute: Minute) => void,
  engine: typeof sweep = sweep,
): Promise<Outcome> {
  const lastMinute = SETTLING_MINUTES + scenario.minutes;
  const end = minuteAt(lastMinute + 1);
  const schedule = createSchedule({ sweepIntervalSeconds: scenario.intervalSeconds });
  const population = new Population({
    ...scenario,
    schedule,
    sweepMs: scenario.intervalSeconds * 1_000,
    horizonMs: end - EPOCH,
    seed: 1,
  });
  using time = new VirtualTime();
  const countedFrom = minuteAt(SETTLING_MINUTES + 1);
  const usage = new Usage(scenario.shards, countedFrom);
  const delays = new Delays(countedFrom);
  const world = { population, schedule, time, usage, delays };
  const records = new MemoryRecords({
    latency: () => time.after(LATENCY_MS.item),
    onWrite: () => {
      usage.tableWrites.add(1, time.now);
      usage.recordWrites.add(1, time.now);
    },
  });
  for (let shard = 0; shard < scenario.shards; shard++) records.announce(shard, EPOCH, EPOCH);

  const minutes: Minute[] = [];
  const simulation = async () => {
    for (let minute = 1; minute <= lastMinute; minute++) {
      await time.after(minuteAt(minute) - time.now);
      const sweeps = Array.from({ length: scenario.sweepers }, (_, sweeper) =>
        sweepOnce(scenario, world, records, minute * scenario.sweepers + sweeper, engine),
      );
      const done = await Promise.all(sweeps);
      const last = done.reduce((a, b) => (a.endedAt > b.endedAt ? a : b));
      const result = {
        summaries: done.flatMap(({ summaries }) => summaries),
        invokedSeconds: done.reduce((sum, { invokedMs }) => sum + invokedMs, 0) / 1_000,
        cpuSeconds: Math.max(...done.map(({ cpuSeconds }) => cpuSeconds)),
        lagSeconds: last.summaries.at(-1)?.watermarkLagSeconds ?? 0,
        overdueSeconds: overdueMs(population, schedule, last.endedAt) / 1_000,
      };
      onMinute(result);
      if (minute > SETTLING_MINUTES) minutes.push(result);
    }
  };
  await time.run(simulation());
  return {
    scenario,
    minutes,
    usage,
    delays,
    missed: missed(population, records, schedule, SWEEP_MS, end),
    arrivalsPerSecond: population.arrivalsPerSecond,
  };
}

function minuteAt(minute: number): number {
  return EPOCH + minute * SWEEP_MS;
}

async function sweepOnce(
  scenario: Scenario,
  world: World,
  records: MemoryRecords,
  seed: number,
  engine: typeof sweep,
): Promise<{ summaries: SweepSummary[]; cpuSeconds: number; invokedMs: number; endedAt: number }> {
  const processor = new Processor(world.time, scenario.memory);
  const dependencies: SweepDependencies = {
    ...records.stores(),
    credentials: CREDENTIALS,
    tasks: new SimulatedTasks(world, processor),
    enos: simulatedEnos(world, processor, seed),
    events: simulatedEvents(world, processor),
    schedule: world.schedule,
    observer: UNHEARD,
    now: () => world.time.now,
  };
  const settings = {
    shardCount: scenario.shards,
    sweepers: scenario.sweepers,
    concurrency: scenario.concurrency,
    requestsPerSecond: scenario.requestsPerSecond,
    deadlineMs: DEADLINE_MS,
  };
  const { time, schedule } = world;
  const startedAt = time.now;
  const summaries: SweepSummary[] = [];
  const round = async () => {
    const remainingMs = INVOCATION_MS - (time.now - startedAt);
    const summary = await engine(dependencies, settings, { remainingMs });
    summaries.push(summary);
    return summary;
  };
  const intervalMs = scenario.intervalSeconds * 1_000;
  const clock = { now: () => time.now, after: (ms: number) => time.after(ms) };
  await sweepInRounds(round, { rounds: SWEEP_MS / intervalMs, intervalMs, schedule }, clock);
  const endedAt = time.now;
  return { summaries, cpuSeconds: processor.busyMs / 1_000, invokedMs: endedAt - startedAt, endedAt };
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
