import { describe, expect, it } from "vitest";
import { needsRounds, sweepInRounds } from "../../lib/sweep/rounds.ts";
import { emptySummary, type SweepSummary } from "../../lib/sweep/summary.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import { RUNNING, Scene } from "../support/scene.ts";

const MINUTE = 60_000;
const schedule = createSchedule({ sweepIntervalSeconds: 10 });
const INTERVAL = 10_000;

/** When each round began, in intervals, if the sweeps return these summaries one after the other. */
async function rounds(most: number, found: Partial<SweepSummary>[], takesMs = 0): Promise<number[]> {
  let now = 0;
  const begun: number[] = [];
  await sweepInRounds(
    async () => {
      begun.push(now / INTERVAL);
      now += takesMs;
      return { ...emptySummary(), ...(found[begun.length - 1] ?? found.at(-1)) };
    },
    { rounds: most, intervalMs: INTERVAL, schedule },
    {
      now: () => now,
      async after(ms) {
        now += ms;
      },
    },
  );
  return begun;
}

describe("the rounds of a sweep", () => {
  it("are an interval apart, as many as there are in a minute, while there are young tasks", async () => {
    expect(await rounds(6, [{ youngestAgeMs: 0 }])).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("are one if there is no task, or none that is due before the next sweep", async () => {
    expect(await rounds(6, [{ youngestAgeMs: null }])).toEqual([0]);
    expect(await rounds(6, [{ youngestAgeMs: 60 * MINUTE }])).toEqual([0]);
    expect(await rounds(6, [{ youngestAgeMs: MINUTE }, { youngestAgeMs: null }])).toEqual([0, 1]);
  });

  it("are left out if an earlier one has taken their time", async () => {
    expect(await rounds(6, [{ youngestAgeMs: 0 }], 1.5 * INTERVAL)).toEqual([0, 2, 4]);
  });

  it("end when one ran out of time", async () => {
    expect(await rounds(6, [{ youngestAgeMs: 0, ended: "out-of-time" }])).toEqual([0]);
  });

  it("matter to a task until its checks are a minute apart", () => {
    expect(needsRounds(schedule, 0)).toBe(true);
    expect(needsRounds(schedule, 8 * MINUTE)).toBe(true);
    expect(needsRounds(schedule, 10 * MINUTE)).toBe(false);
    expect(needsRounds(createSchedule({ sweepIntervalSeconds: 60 }), 0)).toBe(false);
  });
});

describe("a sweep", () => {
  it("knows the age of the youngest open task, due or not", async () => {
    await using scene = await Scene.start();
    await scene.addOrganisation("o1");
    expect((await scene.sweep()).youngestAgeMs).toBeNull();
    await scene.track("o1", 1, RUNNING, "old");
    await scene.sweep();
    scene.time += 10 * MINUTE;
    await scene.track("o1", 1, RUNNING, "young");
    expect((await scene.sweep({ after: 5_000 })).youngestAgeMs).toBe(5_000);
    // None of them is due a moment later.
    const idle = await scene.sweep({ after: 1_000 });
    expect([idle.due, idle.youngestAgeMs]).toEqual([0, 6_000]);
  });
});
