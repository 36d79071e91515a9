import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lastKnownDue, notEndedBefore } from "../../lib/tasks/known-open.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 24);

const options = fc.record({
  sweepIntervalSeconds: fc.constantFrom(5, 10, 60, 300),
  growthPercent: fc.integer({ min: 1, max: 100 }),
  maxIntervalSeconds: fc.integer({ min: 1, max: 3600 }),
});

const task: fc.Arbitrary<OpenTask> = fc
  .record({
    trackedAt: fc.integer({ min: START, max: START + 60 * MINUTE }),
    offset: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map((fields) => ({
    ...fields,
    orgId: "o1",
    channelId: "ch-1",
    taskId: "t1",
    indexKey: "0",
    state: "running",
    notFound: null,
    deadlineAt: undefined,
    uncertainSince: undefined,
  }));

describe("until when a task is known not to have ended", () => {
  it("is never after its last check, whatever the times of sweeps and changes of the schedule", () => {
    const sweeps = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 1, max: 30 * MINUTE }),
        /** The call that a sweep makes comes so long after its beginning. */
        callMs: fc.nat(50_000),
        settings: fc.option(options, { freq: 4 }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(options, task, sweeps, (first, task, sweeps) => {
        let schedule = createSchedule(first);
        let now = START;
        let through = 0;
        let scheduledSince = 0;
        let checkedAt: number | undefined;
        for (const { afterMs, callMs, settings } of sweeps) {
          now += afterMs;
          if (settings) {
            const before = schedule.id;
            schedule = createSchedule(settings);
            if (schedule.id !== before) scheduledSince = through;
          }
          if (schedule.isDue(task, through, now)) checkedAt = now + callMs;
          through = now;
          now += callMs;
          if (checkedAt === undefined) continue;
          const known = notEndedBefore(schedule, task, { through, scheduledSince }, now);
          expect(known).toBeGreaterThanOrEqual(task.trackedAt);
          expect(known).toBeLessThanOrEqual(Math.max(checkedAt, task.trackedAt));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is within an interval of its last check", () => {
    fc.assert(
      fc.property(options, task, fc.nat(600 * MINUTE), (settings, task, age) => {
        const schedule = createSchedule(settings);
        const through = task.trackedAt + age;
        const known = lastKnownDue(schedule, task, { through, scheduledSince: 0 });
        expect(through - known).toBeLessThanOrEqual(schedule.interval(known - task.trackedAt));
        expect(notEndedBefore(schedule, task, { through, scheduledSince: 0 }, through)).toBe(known);
      }),
    );
  });

  it("is when it last became due, if that followed the present schedule", () => {
    fc.assert(
      fc.property(options, task, fc.nat(10 * MINUTE), (settings, task, age) => {
        const schedule = createSchedule(settings);
        const through = task.trackedAt + age;
        const known = (scheduledSince: number) =>
          lastKnownDue(schedule, task, { through, scheduledSince }) - task.trackedAt;
        const due = known(0);
        if (due === 0) return;
        expect(known(task.trackedAt + due - 1)).toBe(due);
        expect(known(task.trackedAt + due)).toBe(0);
      }),
    );
    const schedule = createSchedule({ sweepIntervalSeconds: 10, maxIntervalSeconds: 10 });
    const checked = { through: 30_000, scheduledSince: 0 };
    expect(lastKnownDue(schedule, { trackedAt: 20_000, offset: 0 }, checked)).toBe(30_000);
  });

  it("is the start of tracking if no check is known, and never if it was never found open", () => {
    fc.assert(
      fc.property(options, task, fc.nat(60 * MINUTE), fc.nat(60 * MINUTE), (settings, task, age, later) => {
        const schedule = createSchedule(settings);
        const through = task.trackedAt + age;
        const now = through + later;
        const at = (checked: { through?: number; scheduledSince?: number }, task: OpenTask) =>
          notEndedBefore(schedule, task, { through, scheduledSince: 0, ...checked }, now);
        expect(at({ through: task.trackedAt - 1 }, task)).toBe(task.trackedAt);
        expect(at({ through: 0 }, task)).toBe(task.trackedAt);
        expect(at({ scheduledSince: through }, task)).toBe(task.trackedAt);
        expect(at({ scheduledSince: Number.POSITIVE_INFINITY }, task)).toBe(task.trackedAt);
        expect(at({}, { ...task, state: "pending" })).toBeNull();
      }),
    );
  });

  it("is not after the recorded uncertainty, and not in the future", () => {
    fc.assert(
      fc.property(options, task, fc.nat(), fc.nat(), fc.nat(), (settings, task, age, since, later) => {
        const schedule = createSchedule(settings);
        const uncertainSince = task.trackedAt + since;
        const now = task.trackedAt + later;
        const checked = { through: task.trackedAt + age, scheduledSince: 0 };
        const known = notEndedBefore(schedule, { ...task, uncertainSince }, checked, now);
        expect(known).toBeLessThanOrEqual(Math.min(uncertainSince, now));
      }),
    );
  });
});
