import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { Measured } from "../../local/harness/lambda-process.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { median } from "../harness/statistics.ts";
import { rewind, seed } from "../harness/table.ts";
import { Testbed } from "../harness/testbed.ts";

const SHARDS = 4;
const MANY = 100_000;
const FEW = 1_000;
const RUNS = 5;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Young tasks are all read in every sweep, and one in six is due; of old ones it is a seventh, and one in fifteen. */
const AGES = { "half an hour": HOUR / 2, "three hours": 3 * HOUR };
/** Has V8 collect garbage early: what is left is what a sweep holds. */
const SMALL_YOUNG_GENERATION = ["--max-semi-space-size=2"];

/** Peak memory of a fresh process that sweeps once: a minute after the sweep before, as the schedule has it. */
export async function memory(): Promise<{ rows: Row[]; text: string }> {
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const [age, ageMs] of Object.entries(AGES)) {
    await using many = await Testbed.start();
    await using few = await Testbed.start();
    tell(`${MANY} open tasks of ${age}, for the peak memory`);
    await seed(many.table, MANY, SHARDS, ageMs);
    await seed(few.table, FEW, SHARDS, ageMs);
    const plain: Peaks = { execArgv: [], ratios: [], cpuMs: [] };
    const small: Peaks = { execArgv: SMALL_YOUNG_GENERATION, ratios: [], cpuMs: [] };
    for (let run = 0; run < RUNS; run++) {
      for (const peaks of [plain, small]) {
        const ofMany = await sweep(many, peaks.execArgv);
        const ofFew = await sweep(few, peaks.execArgv);
        peaks.ratios.push(ofMany.maxRssBytes / ofFew.maxRssBytes);
        peaks.cpuMs.push(ofMany.cpuMs);
      }
    }
    rows.push({
      what: `peak memory of a sweep over ${MANY} open tasks, tracked for ${age}`,
      against: `over ${FEW}`,
      ratios: plain.ratios,
      target: 1.5,
      reach: "at most",
    });
    const ratio = median(small.ratios).toFixed(2);
    const cpu = median(small.cpuMs.map((ms, run) => ms / (plain.cpuMs[run] as number))).toFixed(2);
    notes.push(`${ratio} for ${age}, at ${cpu} times the processor's time`);
  }
  const text = `The peak is garbage that V8 has not collected yet: it lets its young generation grow with all that survives a collection, however little that is at a time. With \`${SMALL_YOUNG_GENERATION.join(" ")}\` the ratio is ${notes.join(", and ")}. That is not deployed: it would save nothing, since a function's memory is what its processor is bought with.`;
  return { rows, text };
}

/** What sweeps took, run by run, under V8's flags. */
interface Peaks {
  execArgv: string[];
  ratios: number[];
  cpuMs: number[];
}

async function sweep(testbed: Testbed, execArgv: string[]): Promise<Measured<SweepSummary>> {
  await rewind(testbed.table, SHARDS, MINUTE);
  await using engine = await testbed.start("sweep", { ENOS_REQUESTS_PER_SECOND: "1000000" }, execArgv);
  const measured = await engine.measure<SweepSummary>({});
  const { value } = measured;
  if (value.ended !== "done" || value.checked === 0) throw new Error("a sweep did not do all that was due");
  return measured;
}
