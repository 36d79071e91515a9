import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSchedule,
  DEFAULT_MAX_INTERVAL_SECONDS,
  type Schedule,
  type Scheduled,
} from "../../lib/tasks/schedule.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const START = Date.UTC(2026, 10, 24);

/** Every way to set a schedule. */
const options = fc.record({
  sweepIntervalSeconds: fc.integer({ min: 1, max: 3600 }),
  growthPercent: fc.integer({ min: 1, max: 100 }),
  maxIntervalSeconds: fc.oneof(fc.integer({ min: 1, max: 3600 }), fc.integer({ min: 1, max: 86_400 })),
});
const offset = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const age = fc.integer({ min: 0, max: 8 * DAY });
const task = fc.record({ trackedAt: fc.integer({ min: START, max: START + DAY }), offset });

/** The ages at which a task is checked, found by bisection on the number of the interval. */
function checks(schedule: Schedule, task: Scheduled, until: number): number[] {
  const numberAt = (age: number) => schedule.intervalNumber(task, task.trackedAt + age);
  const edges: number[] = [];
  for (let from = 0; ; ) {
    const next = numberAt(from) + 1;
    if (numberAt(until) < next) return edges;
    let low = from;
    let high = until;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (numberAt(middle) >= next) high = middle;
      else low = middle;
    }
    edges.push(high);
    from = high;
  }
}

describe("the schedule", () => {
  it("numbers intervals in the order of time", () => {
    fc.assert(
      fc.property(options, task, age, age, (settings, one, a, b) => {
        const numberAt = (age: number) => createSchedule(settings).intervalNumber(one, one.trackedAt + age);
        expect(numberAt(Math.max(a, b))).toBeGreaterThanOrEqual(numberAt(Math.min(a, b)));
      }),
    );
  });

  it("counts times before tracking began as that moment", () => {
    fc.assert(
      fc.property(options, task, age, (settings, one, before) => {
        const { intervalNumber, intervalStart } = createSchedule(settings);
        const { trackedAt } = one;
        expect(intervalNumber(one, trackedAt - before)).toBe(intervalNumber(one, trackedAt));
        expect(intervalStart(one, trackedAt - before)).toBe(trackedAt);
      }),
    );
  });

  it("has edges at shares of the age, and a number for each interval from the first on", () => {
    const schedule = createSchedule({ sweepIntervalSeconds: 1, growthPercent: 100, maxIntervalSeconds: 8 });
    const task = { trackedAt: 0, offset: 0 };
    for (const [index, from] of [0, 1, 2, 4, 8, 16, 24].entries()) {
      expect(schedule.intervalNumber(task, from * 1000)).toBe(index);
      expect(schedule.intervalStart(task, from * 1000)).toBe(from * 1000);
      expect(schedule.intervalStart(task, from * 1000 + 999)).toBe(from * 1000);
    }
    const later = { ...task, trackedAt: START };
    expect([0, 1]).toContain(schedule.intervalNumber(later, later.trackedAt));
    expect([0, 500, 1000, 3000, 9000].map((age) => schedule.interval(age))).toEqual([
      1000, 1000, 1000, 3000, 8000,
    ]);
  });

  it("checks again after a share of the age, within its limits, for all settings and offsets", () => {
    fc.assert(
      fc.property(options, task, (settings, one) => {
        const schedule = createSchedule(settings);
        const ages = checks(schedule, one, 500 * settings.sweepIntervalSeconds * 1000);
        for (const [index, next] of ages.entries()) {
          const last = ages[index - 1];
          if (last === undefined) continue;
          // Edges are found to the millisecond, twice.
          expect(next - last).toBeLessThanOrEqual(schedule.interval(last) + 2);
          expect(next - last).toBeGreaterThanOrEqual(settings.sweepIntervalSeconds * 1000 - 2);
        }
        expect(ages[0]).toBeLessThanOrEqual(settings.sweepIntervalSeconds * 1000 + 1);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps its bound on the delay at every age", () => {
    fc.assert(
      fc.property(options, task, age, fc.nat(), (settings, one, since, offset) => {
        const schedule = createSchedule(settings);
        const seconds = settings.sweepIntervalSeconds;
        const check = one.trackedAt + since;
        // Sweeps come once an interval; where the first of them falls does not matter.
        let from = check - (offset % (seconds * 1000));
        while (
          from + seconds * 1000 <= check ||
          !schedule.isDue(one, Math.max(check, from), from + seconds * 1000)
        ) {
          from += seconds * 1000;
        }
        expect(from + seconds * 1000 - check).toBeLessThanOrEqual(schedule.bound(since) + 2);
      }),
      { numRuns: 1000 },
    );
  });

  it("neither skips nor repeats an interval in adjacent windows", () => {
    fc.assert(
      fc.property(
        options,
        offset,
        fc.array(fc.integer({ min: 1, max: 30 * MINUTE }), { minLength: 1, maxLength: 60 }),
        // What is tracked at the very beginning of a window belongs to the window before.
        fc.integer({ min: 1, max: 10 * MINUTE }),
        (settings, shift, steps, trackedAfter) => {
          const schedule = createSchedule(settings);
          const task = { trackedAt: START + trackedAfter, offset: shift };
          let from = START;
          let due = 0;
          let entered = 0;
          let last: number | undefined;
          for (const step of steps) {
            const to = from + step;
            if (schedule.isDue(task, from, to)) due++;
            if (to >= task.trackedAt) {
              const number = schedule.intervalNumber(task, to);
              if (number !== last) entered++;
              last = number;
            }
            from = to;
          }
          expect(due).toBe(entered);
        },
      ),
    );
  });

  it("checks a new task in the first sweep after it was tracked", () => {
    const { isDue } = createSchedule({ sweepIntervalSeconds: 60 });
    const task = { trackedAt: 1000, offset: 0.5 };
    expect(isDue(task, 0, 999)).toBe(false);
    expect(isDue(task, 999, 1000)).toBe(true);
    expect(isDue(task, 1000, 1001)).toBe(false);
    expect(isDue(task, 0, 10 * DAY)).toBe(true);
  });

  it("spreads a burst evenly: every minute checks its share of tasks of one age", () => {
    const burst = Array.from({ length: 20_000 }, (_, index) => ({
      trackedAt: START,
      offset: (index * 0.618033988749895) % 1,
    }));
    const { isDue } = createSchedule({ sweepIntervalSeconds: 60 });
    const share = MINUTE / (DEFAULT_MAX_INTERVAL_SECONDS * 1000);
    // From 80 minutes on intervals are as long as they get.
    fc.assert(
      fc.property(fc.integer({ min: 80 * MINUTE, max: 2 * DAY }), (old) => {
        const due = burst.filter((one) => isDue(one, START + old, START + old + MINUTE)).length;
        expect(due / burst.length).toBeCloseTo(share, 2);
      }),
      { numRuns: 30 },
    );
  });

  it("reaches every due task, and not many more of the old ones", () => {
    fc.assert(
      fc.property(
        options,
        task,
        age,
        fc.integer({ min: 1, max: 40 * MINUTE }),
        (settings, one, since, width) => {
          const schedule = createSchedule(settings);
          const to = one.trackedAt + since;
          const { trackedAfter, offsets } = schedule.reach(to - width, to);
          const ahead = (one.offset - offsets.from + 1) % 1;
          const isReached = one.trackedAt > trackedAfter || ahead <= offsets.width + 1e-6 || ahead > 1 - 1e-6;
          if (!isReached) expect(schedule.isDue(one, to - width, to)).toBe(false);
          if (one.trackedAt <= trackedAfter && ahead > 1e-6 && ahead < offsets.width - 1e-6)
            expect(schedule.isDue(one, to - width, to)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("knows when a task last became due", () => {
    fc.assert(
      fc.property(options, task, age, (settings, one, since) => {
        const schedule = createSchedule(settings);
        const now = one.trackedAt + since;
        const start = schedule.intervalStart(one, now);
        expect(start).toBeGreaterThanOrEqual(one.trackedAt);
        // Times are as large as numbers with three digits after the point can be told apart.
        expect(start).toBeLessThanOrEqual(now + 0.01);
        expect(schedule.intervalNumber(one, start + 0.01)).toBe(
          schedule.intervalNumber(one, Math.max(now, start + 0.01)),
        );
        if (start > one.trackedAt) {
          expect(schedule.intervalNumber(one, start - 0.01)).toBeLessThan(
            schedule.intervalNumber(one, now + 0.01),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("has intervals that never shrink, by its defaults never above five minutes", () => {
    const { interval } = createSchedule({ sweepIntervalSeconds: 60 });
    fc.assert(
      fc.property(age, age, (a, b) => {
        expect(interval(Math.max(a, b))).toBeGreaterThanOrEqual(interval(Math.min(a, b)));
      }),
    );
    expect(interval(8 * DAY)).toBeLessThanOrEqual(5 * MINUTE);
  });
});
