import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { rewind, seed } from "../harness/table.ts";
import { Testbed } from "../harness/testbed.ts";

const TASKS = 12_800;
const SHARDS = 8;
const HOUR = 60 * 60_000;

/** One, two and four sweepers as processes with the same shards, each with 64 concurrent calls of 100 ms. */
export async function sweepers(): Promise<Row[]> {
  await using testbed = await Testbed.start();
  await using parts = new AsyncDisposableStack();
  tell(`${TASKS} open tasks, for several sweepers`);
  await seed(testbed.table, TASKS, SHARDS, HOUR / 2);
  const all: LambdaProcess[] = [];
  for (let index = 0; index < 4; index++) {
    const settings = { SWEEP_SHARDS: String(SHARDS), ENOS_REQUESTS_PER_SECOND: "1000000" };
    const sweeper = parts.use(await testbed.start("sweep", settings));
    await rewind(testbed.table, SHARDS, 0);
    await sweeper.measure({});
    all.push(sweeper);
  }
  await testbed.enos.setLatency(100);
  const two: number[] = [];
  const four: number[] = [];
  for (let run = 0; run < 2; run++) {
    tell("one, two and four sweepers");
    const one = await seconds(testbed, all.slice(0, 1));
    two.push(one / (await seconds(testbed, all.slice(0, 2))) / 2);
    four.push(one / (await seconds(testbed, all)) / 4);
  }
  const row = (count: number, ratios: number[]): Row => ({
    what: `throughput of ${count} sweepers, latency-bound`,
    against: `${count} times that of one`,
    ratios,
    target: 0.9,
    reach: "at least",
  });
  return [row(2, two), row(4, four)];
}

async function seconds(testbed: Testbed, sweepers: LambdaProcess[]): Promise<number> {
  await rewind(testbed.table, SHARDS, HOUR);
  const swept = await Promise.all(sweepers.map((sweeper) => sweeper.measure<SweepSummary>({})));
  const checked = swept.reduce((sum, { value }) => sum + value.checked, 0);
  if (checked !== TASKS) throw new Error(`${sweepers.length} sweepers checked ${checked} of ${TASKS}`);
  return Math.max(...swept.map(({ wallMs }) => wallMs)) / 1000;
}
