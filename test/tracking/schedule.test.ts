import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { phaseOf, placeOf } from "../../lib/tracking/record.ts";
import { createSchedule } from "../../lib/tracking/schedule.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const interval = fc.integer({ min: 1, max: 3600 });
const phase = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const age = fc.integer({ min: 0, max: 8 * DAY });

/** The ages at which a task of this phase is looked at, found by bisection on the slot number. */
function looks(schedule: ReturnType<typeof createSchedule>, phase: number, until: number): number[] {
  const edges: number[] = [];
  for (let from = 0; ; ) {
    const next = schedule.slot(from, phase) + 1;
    if (schedule.slot(until, phase) < next) return edges;
    let low = from;
    let high = until;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (schedule.slot(middle, phase) >= next) high = middle;
      else low = middle;
    }
    edges.push(high);
    from = high;
  }
}

describe("the schedule", () => {
  it("numbers its slots without ever falling", () => {
    fc.assert(
      fc.property(interval, phase, age, age, (seconds, shift, a, b) => {
        const { slot } = createSchedule(seconds);
        expect(slot(Math.max(a, b), shift)).toBeGreaterThanOrEqual(slot(Math.min(a, b), shift));
      }),
    );
  });

  it("looks again after 20 % of the age, within its limits, whatever the phase", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 1800 }), phase, (seconds, shift) => {
        const schedule = createSchedule(seconds);
        const ages = looks(schedule, shift, DAY);
        for (const [index, next] of ages.entries()) {
          const last = ages[index - 1];
          if (last === undefined) continue;
          // Edges are found to the millisecond, twice.
          expect(next - last).toBeLessThanOrEqual(schedule.bound(last) + 2);
          expect(next - last).toBeGreaterThanOrEqual(Math.min(seconds * 1000, schedule.bound(last)) - 2);
        }
        expect(ages[0]).toBeLessThanOrEqual(seconds * 1000 + 1);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps the bound on the delay for every age: a task is due at least once within it", () => {
    fc.assert(
      fc.property(interval, phase, age, (seconds, shift, since) => {
        const schedule = createSchedule(seconds);
        expect(schedule.slot(since + schedule.bound(since) + 1, shift)).toBeGreaterThan(
          schedule.slot(since, shift),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("neither skips nor doubles a slot over windows that adjoin", () => {
    fc.assert(
      fc.property(
        interval,
        phase,
        fc.array(fc.integer({ min: 1, max: 30 * MINUTE }), { minLength: 1, maxLength: 60 }),
        // What is tracked at the very beginning of a window belongs to the window before.
        fc.integer({ min: 1, max: 10 * MINUTE }),
        (seconds, shift, steps, trackedAfter) => {
          const schedule = createSchedule(seconds);
          const start = Date.UTC(2026, 10, 24);
          const task = { trackedAt: start + trackedAfter, stateSince: start + trackedAfter, phase: shift };
          let from = start;
          let due = 0;
          let slotsEntered = 0;
          let lastSlot: number | undefined;
          for (const step of steps) {
            const to = from + step;
            if (schedule.isDue(task, from, to)) due++;
            if (to >= task.trackedAt) {
              const slot = schedule.slot(to - task.stateSince, shift);
              if (slot !== lastSlot) slotsEntered++;
              lastSlot = slot;
            }
            from = to;
          }
          expect(due).toBe(slotsEntered);
        },
      ),
    );
  });

  it("looks at a new task in the first sweep after it was tracked", () => {
    const { isDue } = createSchedule(60);
    const task = { trackedAt: 1000, stateSince: 1000, phase: 0.5 };
    expect(isDue(task, 0, 999)).toBe(false);
    expect(isDue(task, 999, 1000)).toBe(true);
    expect(isDue(task, 1000, 1001)).toBe(false);
    expect(isDue(task, 0, 10 * DAY)).toBe(true);
  });

  it("spreads a burst evenly: of tasks of one age, each minute sees its share", () => {
    const burst = Array.from({ length: 20_000 }, (_, index) =>
      phaseOf(placeOf({ orgId: "o1", channelId: "ch-1", taskId: `task-${index}` }, 4).openOrder),
    );
    const { slot } = createSchedule(60);
    // From 80 minutes on a task is looked at every 15, so one in fifteen each minute.
    fc.assert(
      fc.property(fc.integer({ min: 80 * MINUTE, max: 2 * DAY }), (old) => {
        const due = burst.filter((shift) => slot(old, shift) !== slot(old + MINUTE, shift)).length;
        expect(due / burst.length).toBeCloseTo(1 / 15, 2);
      }),
      { numRuns: 30 },
    );
  });
});
