import type { Row, Scenario } from "../scenario.ts";
import { type Cell, cells } from "./cells.ts";
import { lookUp } from "./lookup.ts";
import { type SweepSize, sweepUnder } from "./sweep.ts";
import type { Trial } from "./trial.ts";

const SIZES: Record<"short" | "long", SweepSize> = {
  short: { shards: 1, states: ["succeeded", "failed"], tasksPerKind: 1, oldMinutes: 20 },
  long: {
    shards: 4,
    states: ["succeeded", "failed", "cancelled", "expired"],
    tasksPerKind: 25,
    oldMinutes: 60,
  },
};
/** How many cells are swept at a time: the slow ones only wait. */
const AT_ONCE = 12;

/** EnOS fails in every way, for a lookup and for a sweep, and recovers. */
export const upstream: Scenario = {
  name: "upstream",
  async run({ size, progress }) {
    const answers = await lookUp(cells);
    const sweeps = new Map<Cell, Trial>();
    const waiting = [...cells];
    const work = async () => {
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
        sweeps.set(cell, await sweepUnder(cell, SIZES[size]));
        progress(cell.name);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return cells.map((cell) => row(cell, answers.get(cell) as Trial, sweeps.get(cell) as Trial));
  },
};

function row({ name }: Cell, lookup: Trial, sweep: Trial): Row {
  const wrong = [...lookup.wrong, ...sweep.wrong];
  return {
    tried: `${name}: ${lookup.came}; ${sweep.came}`,
    times: lookup.times + sweep.times,
    lost: sweep.lost,
    duplicated: sweep.duplicated,
    wrong: wrong.length,
    notes: wrong.slice(0, 10),
  };
}
