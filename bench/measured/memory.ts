import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { Stage } from "../harness/stage.ts";

const SHARDS = 4;
const MANY = 100_000;
const FEW = 1_000;
const MINUTE = 60_000;
/** Young enough that a sweep reads every one of them. */
const YOUNG = 30 * MINUTE;

/** Peak memory of a fresh process that sweeps once: a minute after the sweep before, as the schedule has it. */
export async function memory(): Promise<Row[]> {
  await using many = await Stage.start();
  await using few = await Stage.start();
  tell(`${MANY} open tasks, for the peak memory`);
  await many.table.seed(MANY, SHARDS, YOUNG);
  await few.table.seed(FEW, SHARDS, YOUNG);
  const ratios: number[] = [];
  for (let run = 0; run < 5; run++) ratios.push((await peak(many, MANY)) / (await peak(few, FEW)));
  return [
    {
      what: `peak memory of a sweep over ${MANY} open tasks`,
      against: `over ${FEW}`,
      ratios,
      target: 1.5,
      reach: "at most",
    },
  ];
}

async function peak(stage: Stage, tasks: number): Promise<number> {
  await stage.table.rewind(SHARDS, MINUTE);
  await using engine = await stage.start("sweep", { ENOS_REQUESTS_PER_SECOND: "1000000" });
  const { value, maxRssBytes } = await engine.invoke<SweepSummary>({});
  if (value.read !== tasks) throw new Error(`a sweep read ${value.read} of ${tasks}`);
  return maxRssBytes;
}
