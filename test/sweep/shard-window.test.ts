import { expect, it } from "vitest";
import type { Checkpoint } from "../../lib/store/checkpoint.ts";
import { CLOCK_ERROR_MS, type ShardSchedule } from "../../lib/store/shard-store.ts";
import { ShardWindow } from "../../lib/sweep/shard-window.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 24);
const schedule = createSchedule({ sweepIntervalSeconds: 60 });

/** The window of a shard, and by how many seconds its watermarks were reported to be ahead. */
function windowOf(checkpoint: Checkpoint, followed: ShardSchedule | undefined = undefined) {
  const ahead: number[] = [];
  const window = new ShardWindow({
    shard: { checkpoint, schedule: followed },
    schedule,
    now: NOW,
    onClockAhead: (seconds) => ahead.push(seconds),
  });
  return { window, ahead };
}

it("begins where the shard was checked last, and ends now", () => {
  const gaps = [{ from: "3", to: "4", watermark: NOW - 5 * MINUTE }];
  const { window, ahead } = windowOf({ watermark: NOW - MINUTE, gaps });
  expect(window.coverage).toEqual([
    { from: "", to: "3", watermark: NOW - MINUTE },
    ...gaps,
    { from: "4", to: "~", watermark: NOW - MINUTE },
  ]);
  expect(window.to).toBe(NOW);
  expect(ahead).toEqual([]);
});

it("ends at a watermark that is ahead by no more than clocks may differ", () => {
  const gaps = [{ from: "3", to: "4", watermark: NOW - 5 * MINUTE }];
  const { window, ahead } = windowOf({ watermark: NOW + CLOCK_ERROR_MS, gaps });
  expect(window.to).toBe(NOW + CLOCK_ERROR_MS);
  expect(ahead).toEqual([]);
});

it("begins an interval ago, and reports it, if a wrong clock has set a watermark far ahead", () => {
  const { window, ahead } = windowOf({ watermark: NOW + 10 * MINUTE, gaps: [] });
  expect(window.coverage).toEqual([{ from: "", to: "~", watermark: NOW - MINUTE }]);
  expect(window.to).toBe(NOW);
  expect(ahead).toEqual([600]);
  const record = [{ from: "1", to: "2", watermark: NOW + 20 * MINUTE }];
  expect(window.corrected(record)).toEqual([{ from: "1", to: "2", watermark: NOW - MINUTE }]);
  expect(ahead).toEqual([600, 1_200]);
});

it("knows since when the present schedule has been followed", () => {
  const checkpoint = { watermark: NOW - MINUTE, gaps: [] };
  const since = NOW - 60 * MINUTE;
  const known = (followed: ShardSchedule | undefined, at = checkpoint) =>
    windowOf(at, followed).window.scheduledSince;
  expect(known({ id: schedule.id, since })).toBe(since);
  expect(known({ id: schedule.id, since: NOW })).toBe(NOW - MINUTE);
  expect(known({ id: "another", since })).toBe(NOW - MINUTE);
  expect(known(undefined)).toBe(NOW - MINUTE);
  // A clock was wrong, so that nothing is known of the time before.
  expect(known({ id: schedule.id, since }, { watermark: NOW + 10 * MINUTE, gaps: [] })).toBe(NOW - MINUTE);
});
