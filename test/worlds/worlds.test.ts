import fc from "fast-check";
import { expect, it } from "vitest";
import { worlds } from "./arbitrary.ts";
import { untimely } from "./promises.ts";
import { run } from "./run.ts";
import { tryWorld } from "./try.ts";

const WORLDS = 200;

it("keeps every promise in any world", async () => {
  // The same worlds each time, so that a failure is due to a change; npm run chaos draws others.
  for (let seed = 1; seed <= WORLDS; seed++) {
    // To run the same world again: npm run chaos -- --only worlds --seed N
    expect(await tryWorld(seed), `the world of seed ${seed}`).toEqual([]);
  }
}, 600_000);

it("reports until when tasks were open, even if the schedule's settings change meanwhile", async () => {
  const world = fc.record({ world: worlds(12), rescheduledAt: fc.integer({ min: 2, max: 10 }) });
  await fc.assert(
    fc.asyncProperty(world, async ({ world, rescheduledAt }) => {
      expect(untimely(await run({ ...world, rescheduledAt }))).toEqual([]);
    }),
    { numRuns: 12 },
  );
}, 60_000);
