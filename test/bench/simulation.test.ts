import { describe, expect, it } from "vitest";
import { DURATIONS } from "../../bench/simulation/durations.ts";
import { ours } from "../../bench/simulation/ours.ts";
import { fixed, sdkDelay, sdkWaiter, waitLoop } from "../../bench/simulation/peers.ts";
import { seeded } from "../../bench/simulation/random.ts";
import { run } from "../../bench/simulation/run.ts";
import { targets } from "../../bench/simulation/targets.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe("the simulation", () => {
  it("draws durations from a minute to a day, the same for the same seed", () => {
    for (const durations of DURATIONS) {
      const draw = () => {
        const random = seeded(5);
        return Array.from({ length: 2_000 }, () => durations.draw(random));
      };
      const drawn = draw();
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(MINUTE);
      expect(Math.max(...drawn)).toBeLessThanOrEqual(DAY);
      expect(draw()).toEqual(drawn);
    }
  });

  it("counts the look that sees the end, and nothing after it", () => {
    const half = () => 0.5;
    // Looks at 30, 90, 150 and 210 s.
    expect(fixed("", 60).wait(160_000, half)).toEqual({ checks: 4, delay: 50_000, bound: MINUTE });
    // Looks at 60, 120 and 180 s: one at the very end sees it.
    expect(waitLoop(60).wait(180_000, half)).toEqual({ checks: 3, delay: 0, bound: MINUTE });
    // Looks at 0, 2, 5 and 10 s.
    expect(sdkWaiter.wait(9_000, half)).toEqual({ checks: 4, delay: 1_000, bound: 8_000 });
  });

  it("waits as the SDK's waiter does: doubling, then the longest delay without jitter", () => {
    const delays = [1, 2, 6, 7].map(sdkDelay);
    expect(delays).toEqual([
      { least: 2, most: 2 },
      { least: 2, most: 4 },
      { least: 2, most: 64 },
      { least: 120, most: 120 },
    ]);
  });

  it("checks a task of ours in the first sweep, and never later than its bound", () => {
    const random = seeded(3);
    expect(ours.wait(1, random).checks).toBe(1);
    for (let task = 0; task < 300; task++) {
      const { delay, bound } = ours.wait(random() * DAY, random);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(bound);
    }
  });

  it("misses a target as readily as it meets it", () => {
    const durations = DURATIONS[0] as (typeof DURATIONS)[0];
    const [slow, quick] = [300, 60].map((seconds) => run(fixed("", seconds), durations, 500, 1));
    if (!slow || !quick) throw new Error("two runs were asked for");
    const met = (own: typeof slow) =>
      targets({ ours: [own], minute: [quick], peers: [{ name: "peer", runs: [quick] }] }).map(
        (one) => one.met,
      );
    expect(met(slow)).toEqual([true, false, true, true]);
    expect(met(quick)).toEqual([false, true, true, true]);
    const worse = { ...quick, checks: quick.checks + 1, delayP95: 1, excess: 1 };
    expect(met(worse)).toEqual([false, false, false, false]);
  });
});
