import { describe, expect, it } from "vitest";
import { DURATIONS, LONGEST, quantileOf, SHORTEST } from "../../bench/simulation/durations.ts";
import { leastDelay, leastDelayByFormula } from "../../bench/simulation/optimum.ts";
import { OURS, QUICK_UNPUNCTUAL, schedule, UNPUNCTUAL, WITH_CALLBACKS } from "../../bench/simulation/ours.ts";
import {
  callbackAlone,
  durableFunction,
  FIXED_MINUTE,
  fixed,
  glueSchedule,
  PEERS,
  sdkDelay,
  sdkWaiter,
  waitLoop,
} from "../../bench/simulation/peers.ts";
import { spread } from "../../bench/simulation/random.ts";
import { report, simulate } from "../../bench/simulation/report.ts";
import { drawTasks, type Run, run } from "../../bench/simulation/run.ts";
import { targets } from "../../bench/simulation/targets.ts";
import type { Waiter } from "../../bench/simulation/waiter.ts";
import { seeded } from "../../local/harness/random.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The checks of a task that runs for ever, up to a time, in seconds. */
function checksUntil(waiter: Waiter, seconds: number, random = () => 0.5): number[] {
  const found: number[] = [];
  for (const check of waiter.wait(random).checks) {
    if (check > seconds * SECOND) break;
    found.push(check / SECOND);
  }
  return found;
}

describe("the durations", () => {
  it("are drawn from a minute to a day, the same for the same seed", () => {
    for (const durations of DURATIONS) {
      const draw = () => {
        const random = seeded(5);
        return Array.from({ length: 2_000 }, () => durations.draw(random));
      };
      const drawn = draw();
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(SHORTEST);
      expect(Math.max(...drawn)).toBeLessThanOrEqual(LONGEST);
      expect(draw()).toEqual(drawn);
    }
  });

  it.each(DURATIONS)("with a $name distribution are drawn from it", (durations) => {
    const random = seeded(11);
    const drawn = Array.from({ length: 20_000 }, () => durations.draw(random));
    for (const share of [0.05, 0.3, 0.5, 0.79, 0.95]) {
      const quantile = quantileOf(durations, share);
      expect(1 - durations.survival(quantile)).toBeCloseTo(share, 4);
      // Five standard errors.
      const below = drawn.filter((duration) => duration <= quantile).length / drawn.length;
      expect(Math.abs(below - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / drawn.length));
    }
    expect(durations.survival(SHORTEST)).toBe(1);
    expect(durations.survival(LONGEST)).toBe(0);
  });
});

describe("the optimum", () => {
  it.each(DURATIONS)("of $name run times is found exactly, and close to the formula", (durations) => {
    const exact = leastDelay(durations);
    for (const checks of [10, 14.5, 40, 80]) {
      const ratio = exact(checks) / leastDelayByFormula(durations, checks);
      expect(ratio).toBeGreaterThan(0.999);
      expect(ratio).toBeLessThan(1.02);
    }
    // With half a check less there is more delay, with one check alone the mean of what the longest would wait.
    expect(exact(14.5)).toBeGreaterThan(exact(15));
  });

  it("matches an independent calculation: 82 s for 14.5 checks of lognormal run times", () => {
    const [lognormal] = DURATIONS as [(typeof DURATIONS)[0]];
    expect(Math.round(leastDelay(lognormal)(14.5) / SECOND)).toBe(82);
  });

  it("is beaten by no schedule", () => {
    for (const durations of DURATIONS) {
      const exact = leastDelay(durations);
      const tasks = drawTasks(durations, 2_000, 1);
      for (const waiter of [OURS, fixed(180), glueSchedule]) {
        const { checks, delay } = run(waiter, tasks, 20, 1);
        expect(delay / exact(checks)).toBeGreaterThan(1);
      }
    }
  });
});

describe("the ways to wait", () => {
  it("check at the documented times", () => {
    expect(checksUntil(fixed(60), 220)).toEqual([30, 90, 150, 210]);
    expect(checksUntil(waitLoop(60), 200)).toEqual([60, 120, 180]);
    expect(checksUntil(sdkWaiter, 12)).toEqual([0, 2, 5, 10]);
    const glue = checksUntil(glueSchedule, 1_300);
    expect(glue.slice(0, 2)).toEqual([60, 120]);
    expect(glue.slice(-3)).toEqual([600, 900, 1_200]);
    const durable = checksUntil(durableFunction, 1e9);
    expect(durable).toHaveLength(60);
    expect(durable.slice(0, 3)).toEqual([0, 2.5, 6.25]);
    expect((durable.at(-1) as number) - (durable.at(-2) as number)).toBe(150);
  });

  it("match the SDK's waiter: doubling, then the longest delay without jitter", () => {
    const delays = [1, 2, 6, 7].map(sdkDelay);
    expect(delays).toEqual([
      { least: 2, most: 2 },
      { least: 2, most: 4 },
      { least: 2, most: 64 },
      { least: 120, most: 120 },
    ]);
  });

  it("of ours check first in the first sweep, and then within the bound of the schedule", () => {
    const random = seeded(3);
    for (const waiter of [OURS, UNPUNCTUAL]) {
      for (let task = 0; task < 50; task++) {
        const checks = checksUntil(waiter, LONGEST / SECOND, random);
        const unpunctual = waiter === UNPUNCTUAL ? MINUTE : 0;
        expect((checks[0] as number) * SECOND).toBeLessThanOrEqual(MINUTE + unpunctual);
        for (const [index, check] of checks.slice(1).entries()) {
          const last = (checks[index] as number) * SECOND;
          expect(check * SECOND - last).toBeLessThanOrEqual(schedule.bound(last) + unpunctual);
        }
      }
    }
  });
});

describe("a run", () => {
  it("counts the check that sees the end, and nothing after it", () => {
    const once = (waiter: Waiter, duration: number) => {
      const { checks, delay, missed } = run(waiter, [duration], 1, 1);
      return { checks, delay, missed };
    };
    expect(once(waitLoop(60), 160 * SECOND)).toEqual({ checks: 3, delay: 20 * SECOND, missed: 0 });
    // One at the very end sees it.
    expect(once(waitLoop(60), 180 * SECOND)).toEqual({ checks: 3, delay: 0, missed: 0 });
  });

  it("counts ends that are never seen, but not as a delay", () => {
    const durations = [10 * MINUTE, LONGEST];
    const half = run(durableFunction, durations, 20, 1);
    expect(half.missed).toBe(0.5);
    expect(half.checks).toBeLessThan(60);
    const alone = run(callbackAlone, drawTasks(DURATIONS[0] as (typeof DURATIONS)[0], 1_000, 1), 10, 1);
    expect(alone.missed).toBeCloseTo(0.1, 2);
    expect([alone.checks, alone.delay]).toEqual([0, 0]);
  });

  it("uses the callback if it comes first, including its check", () => {
    const told: Waiter = {
      ...FIXED_MINUTE,
      wait: () => ({
        checks: [60, 120, 180].map((s) => s * SECOND),
        callback: { lost: 0, afterMs: 5 * SECOND, checks: 1 },
      }),
    };
    const seen = run(told, [100 * SECOND], 1, 1);
    expect([seen.checks, seen.delay]).toEqual([2, 5 * SECOND]);
    // The check at 120 s is before it.
    const late = run(told, [118 * SECOND], 1, 1);
    expect([late.checks, late.delay]).toEqual([2, 2 * SECOND]);
  });

  it("gives every waiter the same tasks, and spreads random numbers evenly", () => {
    const durations = DURATIONS[0] as (typeof DURATIONS)[0];
    expect(drawTasks(durations, 50, 4)).toEqual(drawTasks(durations, 50, 4));
    const chances = spread(9);
    const first = Array.from({ length: 100 }, () => chances()());
    for (let tenth = 0; tenth < 10; tenth++) {
      const within = first.filter((number) => Math.floor(number * 10) === tenth).length;
      expect(Math.abs(within - 10)).toBeLessThanOrEqual(2);
    }
  });
});

describe("the targets", () => {
  const good: Run = {
    checks: 20,
    delay: 80 * SECOND,
    delayP95: 0,
    relativeP95: 0,
    longestInterval: 300 * SECOND,
    missed: 0,
    isTold: false,
  };
  const met = (ours: Partial<Run>, told: Partial<Run>, peer: Partial<Run>, quick: Partial<Run> = {}) =>
    targets({
      ours: [good, { ...good, ...ours }],
      quick: [good, { ...good, ...quick }],
      withCallbacks: [
        { ...good, delay: 8 * SECOND },
        { ...good, delay: 8 * SECOND, ...told },
      ],
      peers: [
        {
          name: "peer",
          runs: [
            { ...good, checks: 21 },
            { ...good, checks: 21, ...peer },
          ],
        },
      ],
      efficiency: ({ delay }) => (60 * SECOND) / delay,
    }).map((one) => one.met);

  it("are evaluated by the worst of the runs", () => {
    expect(met({}, {}, {})).toEqual([true, true, true, true, true, true]);
    expect(met({ delay: 90 * SECOND }, {}, {})).toEqual([false, true, true, true, true, true]);
    expect(met({}, {}, { checks: 19, delay: 79 * SECOND })).toEqual([true, false, true, true, true, true]);
    // Who does not see every end is no better.
    expect(met({}, {}, { checks: 19, delay: 79 * SECOND, missed: 0.1 })[1]).toBe(true);
    expect(met({ longestInterval: 301 * SECOND }, {}, {})).toEqual([true, true, false, true, true, true]);
    expect(met({}, { delay: 17 * SECOND }, {})).toEqual([true, true, true, false, true, true]);
    expect(met({}, {}, {}, { relativeP95: 0.2 })).toEqual([true, true, true, true, true, false]);
    expect(met({}, { checks: 22.5 }, {})).toEqual([true, true, true, true, false, true]);
  });

  it.each(DURATIONS)("are met by the service's defaults, for $name run times", (durations) => {
    const runOf = (waiter: Waiter) => [run(waiter, drawTasks(durations, 10_000, 1), 20, 1)];
    const verdicts = targets({
      ours: runOf(OURS),
      withCallbacks: runOf(WITH_CALLBACKS),
      quick: runOf(QUICK_UNPUNCTUAL),
      peers: PEERS.map((peer) => ({ name: peer.name, runs: runOf(peer) })),
      efficiency: ({ checks, delay }) => leastDelay(durations)(checks) / delay,
    });
    expect(verdicts.filter(({ met }) => !met)).toEqual([]);
  });
});

describe("the report", () => {
  it("has a table, the targets and a plot for each distribution", () => {
    const extent = { tasks: 200, sequences: 5, seeds: [1, 2] };
    const { text, plots } = report(simulate(extent), extent);
    for (const { name } of DURATIONS) {
      expect(text).toContain(`### ${name}`);
      expect(text).toContain(`(checks-and-delay-${name}.svg)`);
      const svg = plots.get(`checks-and-delay-${name}.svg`);
      expect(svg).toContain("this service, with callbacks");
      // What does not see every end has no point.
      expect(svg).not.toContain("durable function");
    }
  });
});
