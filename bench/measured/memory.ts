import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { Measured } from "../../local/harness/lambda-process.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { rewind, seed } from "../harness/seed.ts";
import { median } from "../harness/statistics.ts";
import { Testbed } from "../harness/testbed.ts";

const SHARDS = 4;
const MANY = 100_000;
const FEW = 1_000;
const RUNS = 5;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A sweep reads all young tasks and checks a sixth of them. It reads a seventh of the old ones and checks a 15th. */
const AGES = { "half an hour": HOUR / 2, "three hours": 3 * HOUR };
/** Lets the harness collect all garbage before it measures the memory in use. */
const EXPOSE_GC = ["--expose-gc"];

/** The memory in use, and the peak, of a new process that sweeps once, a minute after the previous sweep. */
export async function memory(): Promise<{ rows: Row[]; text: string }> {
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const [age, ageMs] of Object.entries(AGES)) {
    await using many = await Testbed.start();
    await using few = await Testbed.start();
    tell(`${MANY} open tasks of ${age}, for the memory`);
    await seed(many.db, MANY, SHARDS, ageMs);
    await seed(few.db, FEW, SHARDS, ageMs);
    const held: number[] = [];
    const peaks: number[] = [];
    const megabytes: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      held.push((await heldIn(many)) / (await heldIn(few)));
      const { maxRssBytes } = await sweep(many, []);
      peaks.push(maxRssBytes / (await sweep(few, [])).maxRssBytes);
      megabytes.push(maxRssBytes / 2 ** 20);
    }
    rows.push({
      what: `memory that a sweep over ${MANY} open tasks holds, tracked for ${age}`,
      against: `over ${FEW}`,
      ratios: held,
      target: 1.5,
      reach: "at most",
    });
    notes.push(
      `${median(megabytes).toFixed(0)} MB and ${median(peaks).toFixed(2)} times that of ${FEW} tasks for ${age}`,
    );
  }
  const text = `Garbage is not counted in these rows: it is collected every tenth of a second. V8 collects as late as the machine's memory allows; on this one the process's peak was ${notes.join(", and ")}.`;
  return { rows, text };
}

async function heldIn(testbed: Testbed): Promise<number> {
  const { heldBytes } = await sweep(testbed, EXPOSE_GC);
  if (heldBytes === undefined) throw new Error("the sweep was over before its memory was looked at");
  return heldBytes;
}

async function sweep(testbed: Testbed, execArgv: string[]): Promise<Measured<SweepSummary>> {
  await rewind(testbed.db, SHARDS, MINUTE);
  await using engine = await testbed.start("sweep", { ENOS_REQUESTS_PER_SECOND: "1000000" }, execArgv);
  const measured = await engine.measure<SweepSummary>({});
  const { value } = measured;
  if (value.ended !== "done" || value.checked === 0) throw new Error("a sweep did not do all that was due");
  return measured;
}
