import { expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import { openBreakers } from "../../lib/sweep/open-breakers.ts";
import { TimeBudget } from "../../lib/sweep/time-budget.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";

const obsolete = Array.from(
  { length: 100 },
  (_, index): HealthRecord => ({
    scope: "org",
    id: `o${index}`,
    reason: "unreachable",
    since: 0,
    nextProbeAt: 0,
    probes: 3,
    fingerprint: undefined,
  }),
);

async function open(remove: (record: HealthRecord) => Promise<void>) {
  using time = new TimeBudget(60_000);
  const unread = () => Promise.reject(new Error("no secret is read"));
  const failures: unknown[] = [];
  await openBreakers(obsolete, {
    dependencies: {
      credentials: { get: unread, refresh: unread },
      health: { list: async () => [], put: async () => {}, claimProbe: async () => true, remove },
      schedule: createSchedule({ sweepIntervalSeconds: 60 }),
      now: Date.now,
    },
    time,
    onFailure: (reason, error) => failures.push([reason, error]),
  });
  return failures;
}

it("removes records of what has no open tasks, and reports those that it cannot remove", async () => {
  const removed: string[] = [];
  const error = new Error("throttled");
  const failures = await open(async ({ id }) => {
    if (id === "o7") throw error;
    removed.push(id);
  });
  expect(removed).toHaveLength(99);
  expect(failures).toEqual([["write", error]]);
});

it("begins its work although the removal of such records hangs, and begins no more of them", async () => {
  let begun = 0;
  await open(() => {
    begun++;
    return new Promise(() => {});
  });
  expect(begun).toBeLessThan(obsolete.length);
});
