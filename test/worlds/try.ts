import fc from "fast-check";
import { worlds } from "./arbitrary.ts";
import { broken, lost } from "./promises.ts";
import { run } from "./run.ts";

/** Runs the world of a seed, and returns what breaks a promise. Every sixth world is about recovery, and longer. */
export async function tryWorld(seed: number): Promise<string[]> {
  const recovers = seed % 6 === 0;
  const [world] = fc.sample(recovers ? worlds(40, { recover: true }) : worlds(12), { seed, numRuns: 1 });
  if (!world) return [];
  const outcome = await run(world);
  return [...broken(outcome), ...(recovers ? lost(outcome) : [])];
}
