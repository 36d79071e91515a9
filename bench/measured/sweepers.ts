import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { rewind, seed } from "../harness/seed.ts";
import { Testbed } from "../harness/testbed.ts";

/** One sweeper needs two thirds of its minute for these, which is when an operator adds others. */
const TASKS = 12_800;
/** So few that two processors can carry four sweepers, the simulator and the database. */
const CALLS = 32;
const SHARDS = 8;
const HOUR = 60 * 60_000;

/** One, two and four sweepers as processes with the same shards, each with a limit of concurrent calls, of 100 ms each. */
export async function sweepers(): Promise<Row[]> {
  await using testbed = await Testbed.start();
  await using parts = new AsyncDisposableStack();
  tell(`${TASKS} open tasks, for several sweepers`);
  await seed(testbed.db, TASKS, SHARDS, HOUR / 2);
  const start = async (count: number) => {
    const settings = {
      SWEEP_SHARDS: String(SHARDS),
      SWEEPERS: String(count),
      SWEEP_CONCURRENCY: String(CALLS),
      ENOS_REQUESTS_PER_SECOND: "1000000",
    };
    const started: LambdaProcess[] = [];
    for (let index = 0; index < count; index++) {
      const sweeper = parts.use(await testbed.start("sweep", settings));
      await rewind(testbed.db, SHARDS, 0);
      await sweeper.measure({});
      started.push(sweeper);
    }
    return started;
  };
  const [alone, pair, all] = [await start(1), await start(2), await start(4)];
  await testbed.enos.setLatency(100);
  const two: number[] = [];
  const four: number[] = [];
  for (let run = 0; run < 2; run++) {
    tell("one, two and four sweepers");
    const one = await seconds(testbed, alone);
    two.push(one / (await seconds(testbed, pair)) / 2);
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
  await rewind(testbed.db, SHARDS, HOUR);
  const swept = await Promise.all(sweepers.map((sweeper) => sweeper.measure<SweepSummary>({})));
  const checked = swept.reduce((sum, { value }) => sum + value.checked, 0);
  if (checked !== TASKS) throw new Error(`${sweepers.length} sweepers checked ${checked} of ${TASKS}`);
  return Math.max(...swept.map(({ wallMs }) => wallMs)) / 1000;
}
