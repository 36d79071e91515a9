import { expect, it } from "vitest";
import { checkIntervalSeconds, retryAfter } from "../../lib/http/retry-after.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";

const HOUR = 3_600_000;

it("says when to ask again, in whole seconds, and never once the task has ended", () => {
  expect(retryAfter({ state: "running" }, 2)).toEqual({ "retry-after": "2" });
  expect(retryAfter({ state: "unknown" }, 60.2)).toEqual({ "retry-after": "61" });
  expect(retryAfter({ state: "abandoned" }, 60)).toEqual({});
});

it("a record may have changed after the interval at its age", () => {
  const schedule = createSchedule({ sweepIntervalSeconds: 60 });
  const seconds = (trackedAt: number) =>
    checkIntervalSeconds({ trackedAt: new Date(trackedAt).toISOString() }, schedule, HOUR);
  expect(seconds(HOUR)).toBe(60);
  expect(seconds(0)).toBe(schedule.interval(HOUR) / 1000);
  // The clock that tracked it may be ahead.
  expect(seconds(2 * HOUR)).toBe(60);
});
