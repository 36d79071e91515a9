import { tryWorld } from "../worlds/try.ts";
import type { Row, Scenario, ScenarioOptions } from "./scenario.ts";

const WORLDS = { short: 20, long: 10_000 };

/** Random worlds, in virtual time. The first is that of the run's seed. */
export const worlds: Scenario = {
  name: "worlds",
  async run({ size, seed, progress }: ScenarioOptions): Promise<Row[]> {
    const notes: string[] = [];
    for (let index = 0; index < WORLDS[size]; index++) {
      const problems = await tryWorld(seed + index);
      if (problems.length > 0) notes.push(`seed ${seed + index}: ${problems.slice(0, 3).join("; ")}`);
      if ((index + 1) % 100 === 0) progress(`${index + 1} worlds`);
    }
    return [
      {
        tried: "worlds of organisations in every kind of trouble",
        times: WORLDS[size],
        lost: 0,
        duplicated: 0,
        wrong: notes.length,
        notes: notes.slice(0, 10),
      },
    ];
  },
};
