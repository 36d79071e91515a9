import { beforeAll, describe, expect, it } from "vitest";
import { INDEX_ITEM, itemBytes } from "../../bench/harness/sample-items.ts";
import { quantile } from "../../bench/harness/statistics.ts";
import { MEMORY_OF_A_VCPU } from "../../bench/scale/assumptions.ts";
import { broken } from "../../bench/scale/broken.ts";
import { cost } from "../../bench/scale/cost.ts";
import { Processor } from "../../bench/scale/processor.ts";
import { Rate } from "../../bench/scale/rate.ts";
import { type Outcome, run } from "../../bench/scale/run.ts";
import type { Scenario } from "../../bench/scale/scenarios.ts";
import { queryUnits } from "../../bench/scale/simulated-services.ts";
import { DURATIONS } from "../../bench/simulation/durations.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { sweep } from "../../lib/sweep/sweep.ts";
import { VirtualTime } from "../../local/harness/virtual-time.ts";

const [LOGNORMAL, UNIFORM] = DURATIONS;
if (!LOGNORMAL || !UNIFORM) throw new Error("there are durations to draw from");

const SMALL: Scenario = {
  name: "small",
  tasks: 2_000,
  durations: LOGNORMAL,
  organisations: 3,
  shardCount: 6,
  intervalSeconds: 60,
  sweepers: 2,
  concurrency: 32,
  requestsPerSecond: 1_000,
  memory: MEMORY_OF_A_VCPU,
  minutes: 12,
  keepsUp: true,
};
const SHORT = { ...SMALL, minutes: 5 };

/** The engine with some of its dependencies replaced. */
function engineWith(replace: (dependencies: SweepDependencies) => Partial<SweepDependencies>): typeof sweep {
  return (dependencies, settings, request) =>
    sweep({ ...dependencies, ...replace(dependencies) }, settings, request);
}

const readIn = ({ summaries }: Outcome["minutes"][number]) =>
  summaries.reduce((total, one) => total + one.read, 0);

describe("a simulation whose settings keep up", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await run(SMALL);
  });

  it("makes every check in time, and reports that", () => {
    expect(broken(outcome)).toEqual([]);
    expect(outcome.lost).toBe(0);
    const summaries = outcome.minutes.flatMap((minute) => minute.summaries);
    // Within a sweep a check can be later than the one before.
    const longest = Math.max(...summaries.map(({ durationMs }) => durationMs)) / 1_000;
    for (const { lagSeconds, overdueSeconds } of outcome.minutes) {
      expect(lagSeconds).toBeLessThanOrEqual(60 + Math.ceil(longest));
      expect(overdueSeconds).toBeLessThanOrEqual(longest);
    }
  });

  it("shares the shards among the sweepers, each once a minute", () => {
    for (const { summaries } of outcome.minutes) {
      expect(summaries.map(({ shards }) => shards.length)).toEqual([3, 3]);
      expect(summaries.flatMap(({ shards }) => shards).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  it("is in a steady state: as many tasks end as start, from the first minutes on", () => {
    for (const minute of outcome.minutes) {
      expect(Math.abs(readIn(minute) / SMALL.tasks - 1)).toBeLessThan(0.15);
    }
    const ended = outcome.usage.events.total / (outcome.minutes.length * 60);
    expect(Math.abs(ended / outcome.arrivalsPerSecond - 1)).toBeLessThan(0.15);
  });
});

describe("the simulation at scale", () => {
  it("sees ends sooner with rounds, at a higher price", async () => {
    const few = { ...SMALL, tasks: 500, sweepers: 1, minutes: 8 };
    const [minutely, quick] = [await run(few), await run({ ...few, intervalSeconds: 10 })];
    expect(broken(quick)).toEqual([]);
    expect(quick.minutes.map(({ summaries }) => summaries.length)).toEqual(Array(8).fill(6));
    for (const { invokedSeconds } of quick.minutes) expect(invokedSeconds).toBeGreaterThan(50);
    expect(cost(quick).checking).toBeGreaterThan(3 * cost(minutely).checking);
    expect(quantile(quick.delays, 0.95)).toBeLessThan(quantile(minutely.delays, 0.95));
  });

  it("skips most of the old tasks in shards of several pages, and loses none", async () => {
    const many = { ...SMALL, tasks: 6_000, shardCount: 2, durations: UNIFORM };
    const outcome = await run(many);
    expect(broken(outcome)).toEqual([]);
    expect(outcome.lost).toBe(0);
    for (const minute of outcome.minutes) expect(readIn(minute) / many.tasks).toBeLessThan(0.75);
  });

  it.each([
    ["an organisation's rate is too low", { requestsPerSecond: 2 }],
    ["sweeps are cut short", { concurrency: 1, sweepers: 1 }],
    ["both apply", { concurrency: 1, sweepers: 1, requestsPerSecond: 5 }],
  ])("skips tasks, and loses none, when %s", async (_, trouble) => {
    const many = { ...SMALL, ...trouble, tasks: 9_000, shardCount: 2, durations: UNIFORM, keepsUp: false };
    const outcome = await run({ ...many, minutes: 10 });
    expect(outcome.minutes.some(({ lagSeconds }) => lagSeconds > 120)).toBe(true);
    expect(outcome.lost).toBe(0);
    // Among other things, the lag that is told is the real one.
    expect(broken(outcome)).toEqual([]);
  });

  it("reports lost ends, and shards that were not swept", async () => {
    // Of every page of a task's shard nothing is seen, though the sweep believes so.
    const blind = engineWith(({ openTasks }) => ({
      openTasks: {
        ...openTasks,
        page: async (...args) => {
          const page = await openTasks.page(...args);
          return args[0] === 1 ? { ...page, tasks: [] } : page;
        },
      },
    }));
    const lost = /^small, 2,000 tasks: \d+ ends were lost$/;
    expect(broken(await run(SHORT, blind))[0]).toMatch(lost);

    const silent = engineWith(() => ({ events: { publish: async () => {} } }));
    expect(broken(await run(SHORT, silent))[0]).toMatch(lost);

    const lazy: typeof sweep = (dependencies, settings) =>
      sweep(dependencies, settings, { shards: [0, 2, 3, 4, 5], remainingMs: 60_000 });
    const behind = await run(SHORT, lazy);
    expect(behind.lost).toBe(0);
    expect(broken(behind).at(-1)).toMatch(/overdue by \d+ s, although the settings are meant to keep up$/);
    expect(broken({ ...behind, scenario: { ...SHORT, keepsUp: false } })).toEqual([]);
  });

  it("reports failed sweeps", async () => {
    const failing = engineWith(() => ({ events: { publish: () => Promise.reject(new Error("no")) } }));
    const outcome = await run({ ...SMALL, keepsUp: false, minutes: 2 }, failing);
    expect(broken(outcome)).toEqual(["small, 2,000 tasks: sweeps failed (publish)"]);
  });

  it("reports a lag below the real one, or far above it", async () => {
    const telling = (lagSeconds: (told: number) => number): typeof sweep => {
      return async (...args) => {
        const summary = await sweep(...args);
        return { ...summary, watermarkLagSeconds: lagSeconds(summary.watermarkLagSeconds ?? 0) };
      };
    };
    const late = { ...SMALL, requestsPerSecond: 0.5, keepsUp: false, minutes: 6 };
    const silent = await run(
      late,
      telling(() => 30),
    );
    expect(broken(silent).at(-1)).toMatch(
      /^small, 2,000 tasks, minute 6: the reported lag was 30 s, but a check was overdue by \d+ s$/,
    );
    const anxious = await run(
      { ...SMALL, minutes: 2 },
      telling((told) => told + 120),
    );
    expect(broken(anxious)).toHaveLength(2);
    expect(broken(anxious)[0]).toMatch(
      /minute 1: the reported lag was \d+ s, but no check was overdue by more than [\d.]+ s$/,
    );
  });
});

describe("what is counted", () => {
  it("sizes an item as DynamoDB does, and reads by 4 KB", () => {
    // Names 2 + 2 + 1 + 1; "o1" 2, "ch#ü" 5, 1200 is 12 to DynamoDB: 1 + 1, 0.5 is one digit: 1 + 1.
    expect(itemBytes({ pk: "o1", sk: "ch#ü", n: 1200, r: 0.5 })).toBe(2 + 2 + 1 + 1 + 2 + 5 + 2 + 2);
    // Names 2 + 2 + 9 + 7 + 5 = 25; values 15 + 42 + 2 + 16 + 7 = 82.
    expect(itemBytes(INDEX_ITEM)).toBe(107);
    expect([0, 38, 39, 1_000].map(queryUnits)).toEqual([0.5, 0.5, 1, 13.5]);
  });

  it("finds the busiest second, and ignores everything before counting starts", () => {
    const rate = new Rate(10_000);
    rate.add(100, 9_999);
    for (const now of [10_000, 10_999, 11_000]) rate.add(2, now);
    expect([rate.total, rate.peak]).toEqual([6, 4]);
  });

  it("makes work wait for the processor, longer on a smaller one", async () => {
    using time = new VirtualTime();
    const took = async (memory: number) => {
      const processor = new Processor({ time, memory });
      const begun = time.now;
      await time.run(Promise.all(Array.from({ length: 100 }, () => processor.spend(500))));
      return [time.now - begun, processor.busyMs];
    };
    expect(await took(MEMORY_OF_A_VCPU)).toEqual([50, 50]);
    expect(await took(MEMORY_OF_A_VCPU / 2)).toEqual([100, 100]);
    expect(await took(MEMORY_OF_A_VCPU * 4)).toEqual([50, 50]);
  });

  it("throws if time stands still", async () => {
    using time = new VirtualTime();
    await expect(time.run(new Promise(() => {}))).rejects.toThrow("time stands still");
  });
});
