import { describe, expect, it } from "vitest";
import { quantile } from "../../bench/harness/statistics.ts";
import { MEMORY_OF_A_VCPU } from "../../bench/scale/assumptions.ts";
import { broken } from "../../bench/scale/broken.ts";
import { cost } from "../../bench/scale/cost.ts";
import { INDEX_ITEM, itemBytes, queryUnits } from "../../bench/scale/dynamodb-units.ts";
import { Processor } from "../../bench/scale/processor.ts";
import { run } from "../../bench/scale/run.ts";
import type { Scenario } from "../../bench/scale/scenarios.ts";
import { Rate } from "../../bench/scale/usage.ts";
import { VirtualTime } from "../../bench/scale/virtual-time.ts";
import { DURATIONS } from "../../bench/simulation/durations.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import { sweep } from "../../lib/sweep/sweep.ts";

const [LOGNORMAL, UNIFORM] = DURATIONS;
if (!LOGNORMAL || !UNIFORM) throw new Error("there are durations to draw from");

const SMALL: Scenario = {
  name: "small",
  tasks: 4_000,
  durations: LOGNORMAL,
  organisations: 3,
  shards: 6,
  intervalSeconds: 60,
  sweepers: 2,
  concurrency: 32,
  requestsPerSecond: 1_000,
  memory: MEMORY_OF_A_VCPU,
  minutes: 20,
  keepsUp: true,
};

/** The engine with some of its neighbours replaced. */
function engineWith(replace: (parts: SweepDependencies) => Partial<SweepDependencies>): typeof sweep {
  return (parts, settings, request) => sweep({ ...parts, ...replace(parts) }, settings, request);
}

describe("the simulation at scale", () => {
  it("sees every end within its bound", async () => {
    const outcome = await run(SMALL, () => {});
    expect(broken(outcome)).toEqual([]);
    expect(outcome.missed).toEqual({ lost: 0, overdue: 0 });
    expect(outcome.delays.relative.length).toBeGreaterThan(1_000);
    // The bound is on when sweeps begin; within a sweep a check can be later than the one before.
    const durations = outcome.minutes.flatMap(({ summaries }) => summaries.map((one) => one.durationMs));
    expect(outcome.delays.excess).toBeLessThanOrEqual(Math.max(...durations));
    // What a sweep lists of the other's shards is an interval old.
    const longest = Math.max(...durations) / 1_000;
    for (const { lagSeconds, overdueSeconds } of outcome.minutes) {
      expect(lagSeconds).toBeLessThanOrEqual(60 + Math.ceil(longest));
      expect(overdueSeconds).toBeLessThanOrEqual(longest);
    }
  });

  it("makes rounds, of which a month is the more expensive, and sees every end sooner", async () => {
    const few = { ...SMALL, tasks: 500, sweepers: 1, minutes: 10 };
    const [minutely, quick] = [
      await run(few, () => {}),
      await run({ ...few, intervalSeconds: 10 }, () => {}),
    ];
    expect(broken(quick)).toEqual([]);
    expect(quick.minutes.map(({ summaries }) => summaries.length)).toEqual(Array(10).fill(6));
    for (const { invokedSeconds } of quick.minutes) expect(invokedSeconds).toBeGreaterThan(50);
    expect(cost(quick).checking).toBeGreaterThan(3 * cost(minutely).checking);
    const p95 = ({ delays }: typeof quick) => quantile(delays.relative, 0.95);
    expect(p95(quick)).toBeLessThan(p95(minutely));
  });

  it("shares the shards among the sweepers, each once a minute", async () => {
    const { minutes } = await run({ ...SMALL, minutes: 3 }, () => {});
    for (const { summaries } of minutes) {
      expect(summaries.map(({ shards }) => shards.length)).toEqual([3, 3]);
      expect(summaries.flatMap(({ shards }) => shards).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  it("begins in a steady state: as many tasks end as begin, from the first minutes on", async () => {
    const { minutes, arrivalsPerSecond, delays } = await run(SMALL, () => {});
    for (const { summaries } of minutes) {
      const read = summaries.reduce((total, one) => total + one.read, 0);
      expect(Math.abs(read / SMALL.tasks - 1)).toBeLessThan(0.1);
    }
    const ended = delays.relative.length / (minutes.length * 60);
    expect(Math.abs(ended / arrivalsPerSecond - 1)).toBeLessThan(0.1);
  });

  it("leaps over most of the tasks that are old, in shards of more than one page, and loses none", async () => {
    const many = { ...SMALL, name: "old", tasks: 12_000, shards: 2, durations: UNIFORM, minutes: 30 };
    const outcome = await run(many, () => {});
    expect(broken(outcome)).toEqual([]);
    expect(outcome.missed).toEqual({ lost: 0, overdue: 0 });
    for (const { summaries } of outcome.minutes) {
      const read = summaries.reduce((total, one) => total + one.read, 0);
      expect(read / many.tasks).toBeLessThan(0.65);
    }
  });

  it.each([
    ["an organisation's rate is too low", { requestsPerSecond: 4 }],
    ["sweeps are cut short", { concurrency: 1, sweepers: 1 }],
    ["both are so", { concurrency: 1, sweepers: 1, requestsPerSecond: 8 }],
  ])("leaps, and loses none, when %s", async (_, trouble) => {
    const many = { ...SMALL, ...trouble, tasks: 18_000, shards: 2, durations: UNIFORM, keepsUp: false };
    const outcome = await run({ ...many, minutes: 40 }, () => {});
    expect(outcome.minutes.some(({ lagSeconds }) => lagSeconds > 120)).toBe(true);
    expect(outcome.missed.lost).toBe(0);
    // Among other things, the lag that is told is the real one.
    expect(broken(outcome)).toEqual([]);
  });

  it("reports what was lost and what is overdue", async () => {
    const blind = engineWith(({ tasks }) => ({
      tasks: {
        page: async (shard, range, isWanted, after, signal) => {
          const page = await tasks.page(shard, range, isWanted, after, signal);
          return shard === 1 ? { ...page, tasks: [] } : page;
        },
        current: (...current) => tasks.current(...current),
        another: (...another) => tasks.another(...another),
        change: (...change) => tasks.change(...change),
        missing: (...missing) => tasks.missing(...missing),
        uncertain: (...uncertain) => tasks.uncertain(...uncertain),
        finish: (...finish) => tasks.finish(...finish),
      },
    }));
    expect(broken(await run(SMALL, () => {}, blind))[0]).toMatch(/^small, 4,000 tasks: \d+ ends were lost$/);

    const silent = engineWith(() => ({ events: { publish: async () => {} } }));
    expect(broken(await run(SMALL, () => {}, silent))[0]).toMatch(/ends were lost$/);

    const lazy: typeof sweep = (parts, settings) =>
      sweep(parts, settings, { shards: [0, 2, 3, 4, 5], remainingMs: 60_000 });
    const behind = await run(SMALL, () => {}, lazy);
    expect(behind.missed.lost).toBe(0);
    expect(broken(behind)[0]).toMatch(/ends are overdue, though the settings are meant to keep up$/);
    expect(broken({ ...behind, scenario: { ...SMALL, keepsUp: false } })).toEqual([]);
  });

  it("reports sweeps that failed: in a simulation nothing does by itself", async () => {
    const failing = engineWith(() => ({ events: { publish: () => Promise.reject(new Error("no")) } }));
    const outcome = await run({ ...SMALL, keepsUp: false, minutes: 2 }, () => {}, failing);
    expect(broken(outcome)).toEqual(["small, 4,000 tasks: sweeps failed (publish)"]);
  });

  it("reports a lag that is told below the real one, or far above it", async () => {
    const telling = (lagSeconds: (told: number) => number): typeof sweep => {
      return async (...args) => {
        const summary = await sweep(...args);
        return { ...summary, watermarkLagSeconds: lagSeconds(summary.watermarkLagSeconds ?? 0) };
      };
    };
    const late = { ...SMALL, requestsPerSecond: 1, keepsUp: false, minutes: 10 };
    const silent = broken(
      await run(
        late,
        () => {},
        telling(() => 30),
      ),
    );
    expect(silent.at(-1)).toMatch(
      /^small, 4,000 tasks, minute 10: told a lag of 30 s, and a check was overdue by \d+ s$/,
    );
    const anxious = broken(
      await run(
        { ...SMALL, minutes: 2 },
        () => {},
        telling((told) => told + 120),
      ),
    );
    expect(anxious).toHaveLength(2);
    expect(anxious[0]).toMatch(
      /minute 1: told a lag of \d+ s, and no check was overdue by more than [\d.]+ s$/,
    );
  });

  it("falls behind when the rate is too low, and loses nothing", async () => {
    const outcome = await run({ ...SMALL, requestsPerSecond: 1, keepsUp: false }, () => {});
    expect(outcome.minutes.at(-1)?.lagSeconds).toBeGreaterThan(10 * 60);
    expect(outcome.missed.overdue).toBeGreaterThan(0);
    expect(broken(outcome)).toEqual([]);
  });
});

describe("what is counted", () => {
  it("sizes an item as DynamoDB does, and reads by 4 KB", () => {
    // Names 2 + 2 + 1 + 1; "o1" 2, "ch#ü" 5, 1200 is 12 to DynamoDB: 1 + 1, 0.5 is one digit: 1 + 1.
    expect(itemBytes({ pk: "o1", sk: "ch#ü", n: 1200, r: 0.5 })).toBe(2 + 2 + 1 + 1 + 2 + 5 + 2 + 2);
    // Names 2 + 2 + 9 + 7 + 5 = 25; values 15 + 42 + 2 + 16 + 7 = 82.
    expect(itemBytes(INDEX_ITEM)).toBe(107);
    expect([0, 1, 4_096, 4_097, 144_000].map(queryUnits)).toEqual([0.5, 0.5, 0.5, 1, 18]);
  });

  it("knows the busiest second, and nothing from before counting began", () => {
    const rate = new Rate(10_000);
    rate.add(100, 9_999);
    for (const now of [10_000, 10_999, 11_000]) rate.add(2, now);
    expect([rate.total, rate.peak]).toEqual([6, 4]);
  });

  it("lets work wait for the processor, longer on a smaller one", async () => {
    using time = new VirtualTime();
    const took = async (memory: number) => {
      const processor = new Processor(time, memory);
      const begun = time.now;
      await time.run(Promise.all(Array.from({ length: 100 }, () => processor.spend(500))));
      return [time.now - begun, processor.busyMs];
    };
    expect(await took(MEMORY_OF_A_VCPU)).toEqual([50, 50]);
    expect(await took(MEMORY_OF_A_VCPU / 2)).toEqual([100, 100]);
    expect(await took(MEMORY_OF_A_VCPU * 4)).toEqual([50, 50]);
  });

  it("says so when time stands still", async () => {
    using time = new VirtualTime();
    await expect(time.run(new Promise(() => {}))).rejects.toThrow("time stands still");
  });
});
