import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const TASKS = { short: 250, long: 6_000 };

/** A second of this is kept for the end, so that work has 300 ms, which is too little for one shard. */
const INVOCATION_MS = 1_300;

/** Sweeps that never have enough time for what is due: each continues where the one before had to stop. */
export const cutShort: Scenario = {
  name: "cut-short",
  async run({ size, progress }): Promise<Row[]> {
    const tasks = TASKS[size];
    await using stage = await Stage.start({ orgIds: ["o1", "o2", "o3"], shards: 2 });
    await using sweeper = await LambdaProcess.start(unpack("sweep"), stage.env);
    await stage.track(tasks, { runsMs: 0 });
    stage.enos.addFault({ kind: "latency", ms: 40 });
    const wrong: string[] = [];
    let cut = 0;
    let checked = 0;
    let fruitless = 0;
    const sweep = async () => {
      const summary = await sweeper.invoke<SweepSummary>({}, INVOCATION_MS);
      checked += summary.checked;
      if (summary.ended !== "out-of-time") return;
      cut++;
      fruitless = summary.published > 0 ? 0 : fruitless + 1;
      if (fruitless === 10) wrong.push("ten sweeps in a row came to nothing");
      if (cut % 10 === 0) progress(`${cut} sweeps cut short, ${checked} of ${tasks} tasks checked`);
    };
    const sweeps = await stage.sweepInPeace(sweep);
    const { lost, duplicated, wrong: found } = await stage.judge();
    wrong.push(...found);
    if (cut < 2) wrong.push(`${cut} sweeps were cut short: nothing was tried`);
    // The last checks before a sweep's time was over may be repeated, but not all earlier ones.
    if (checked > 2 * tasks) wrong.push(`${checked} checks ${tasks} tasks: sweeps began anew`);
    return [
      {
        tried: `sweeps cut short, ${tasks} tasks`,
        times: cut,
        lost,
        duplicated,
        wrong: wrong.length,
        notes: [`${sweeps} sweeps, ${checked} checks`, ...wrong.slice(0, 10)],
      },
    ];
  },
};
