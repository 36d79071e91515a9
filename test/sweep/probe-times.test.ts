import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLOCK_ERROR_MS } from "../../lib/store/shard-store.ts";
import {
  areSuspectsFirst,
  hasNoOpenTasks,
  isProbeDue,
  isUnneeded,
  nextProbe,
} from "../../lib/sweep/probe-times.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;

const now = Date.UTC(2026, 10, 24);

describe("a probe", () => {
  it("comes within a minute at first, then less and less often, and at least every quarter of an hour", () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(1_000_000), random, random, (probes, one, other) => {
        const pause = nextProbe(probes, now, one) - now;
        expect(pause).toBeGreaterThan(30_000);
        // There is room for a sweep's interval, and for one more if the sweep is late.
        expect(pause).toBeLessThanOrEqual(QUARTER - 2 * MINUTE);
        expect(nextProbe(0, now, one) - now).toBeLessThanOrEqual(MINUTE);
        // Even the earliest next pause is not much shorter than this one.
        if (probes < 3) expect(nextProbe(probes + 1, now, other) - now).toBeGreaterThan(0.75 * pause);
      }),
    );
  });

  it("is due at its time, or if only a wrong clock could have set it", () => {
    fc.assert(
      fc.property(fc.nat(50), fc.integer({ min: -2 * MINUTE, max: 2 * MINUTE }), (probes, apart) => {
        // Set by a clock that differs from ours by no more than clocks may.
        const nextProbeAt = nextProbe(probes, now + apart);
        expect(isProbeDue({ nextProbeAt }, now)).toBe(nextProbeAt <= now);
        expect(isProbeDue({ nextProbeAt }, nextProbeAt)).toBe(true);
      }),
    );
    expect(isProbeDue({ nextProbeAt: now + 60 * MINUTE }, now)).toBe(true);
    const latest = now + 10 * MINUTE + CLOCK_ERROR_MS;
    expect(isProbeDue({ nextProbeAt: latest }, now)).toBe(false);
    expect(isProbeDue({ nextProbeAt: latest + 1 }, now)).toBe(true);
    expect(isProbeDue({ nextProbeAt: 8_640_000_000_000_000 }, now)).toBe(true);
  });

  it("that is overdue for longer than every open task waits means that there is none", () => {
    const intervals = fc.integer({ min: 60, max: 86_400 });
    fc.assert(
      fc.property(intervals, fc.integer({ min: 0, max: 10 * 86_400 }), (maxIntervalSeconds, seconds) => {
        const schedule = createSchedule({ sweepIntervalSeconds: 60, maxIntervalSeconds });
        const isOver = hasNoOpenTasks({ nextProbeAt: now - seconds * 1_000 }, now, schedule);
        expect(isOver).toBe(seconds > Math.max(3_600, 4 * maxIntervalSeconds));
      }),
    );
    const schedule = createSchedule({ sweepIntervalSeconds: 60, maxIntervalSeconds: 60 });
    expect(hasNoOpenTasks({ nextProbeAt: now - 60 * MINUTE }, now, schedule)).toBe(false);
    expect(hasNoOpenTasks({ nextProbeAt: now - 60 * MINUTE - 1 }, now, schedule)).toBe(true);
  });

  it("that nothing has needed for a quarter of an hour is about nothing that counts as stuck", () => {
    for (const [maxIntervalSeconds, most] of [
      [60, QUARTER],
      [1_800, 4 * QUARTER],
    ] as const) {
      const schedule = createSchedule({ sweepIntervalSeconds: 60, maxIntervalSeconds });
      const overdueBy = (ms: number) => isUnneeded({ nextProbeAt: now - ms }, now, schedule);
      expect([overdueBy(-MINUTE), overdueBy(most), overdueBy(most + 1)]).toEqual([false, false, true]);
    }
  });

  it("of organisations that broke together is not made at the same time", () => {
    const pauses = Array.from({ length: 100 }, () => nextProbe(0, now) - now);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(5_000);
  });

  it("is about suspects first in one minute of 31, which probes ten minutes apart meet", () => {
    const minutes = Array.from({ length: 31 }, (_, index) => areSuspectsFirst(now + index * MINUTE));
    expect(minutes.filter(Boolean)).toHaveLength(1);
    const first = Math.floor(now / MINUTE + minutes.indexOf(true)) * MINUTE;
    const seconds = Array.from({ length: 60 }, (_, index) => areSuspectsFirst(first + index * 1_000));
    expect(new Set(seconds)).toEqual(new Set([true]));
    const probes = Array.from({ length: 31 }, (_, index) => areSuspectsFirst(now + index * 10 * MINUTE));
    expect(probes.filter(Boolean)).toHaveLength(1);
  });
});
