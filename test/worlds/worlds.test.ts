import fc from "fast-check";
import { expect, it } from "vitest";
import { worlds } from "./arbitrary.ts";
import { broken, lost } from "./promises.ts";
import { run } from "./run.ts";

const numRuns = Number(process.env.WORLDS ?? 150);

it("keeps every promise in any world", async () => {
  await fc.assert(
    fc.asyncProperty(worlds(15), async (world) => {
      expect(broken(await run(world))).toEqual([]);
    }),
    { numRuns, endOnFailure: true },
  );
}, 600_000);

it("loses nothing: when trouble is over, everything that ended is announced", async () => {
  await fc.assert(
    fc.asyncProperty(worlds(50, { recover: true }), async (world) => {
      expect(lost(await run(world))).toEqual([]);
    }),
    { numRuns: Math.ceil(numRuns / 3), endOnFailure: true },
  );
}, 600_000);
