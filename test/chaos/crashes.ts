import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { unpack } from "../support/artefact.ts";
import { LambdaProcess } from "../support/lambda-process.ts";
import { type Row, type Scenario, seededRandom } from "./scenario.ts";
import { Stage } from "./stage.ts";

const SIZES = {
  short: { tasks: 60, kills: 12 },
  long: { tasks: 500, kills: 200 },
};

/** An invocation's time: a lease lasts as long and a second more, so a killed sweeper's shard is free soon. */
const INVOCATION_MS = 2_000;

/**
 * Sweepers, as they are packaged, are killed at random moments of their sweeps; then sweeps run in peace. Every
 * outcome must have been received, each fact under one id, and nothing may stay open or leased.
 */
export const crashes: Scenario = {
  name: "crashes",
  async run({ size, seed, progress }): Promise<Row[]> {
    const { tasks, kills } = SIZES[size];
    const random = seededRandom(seed);
    await using stage = await Stage.start(["o1", "o2", "o3"]);
    const sweep = unpack("sweep");
    const expected = await stage.track(tasks);

    let hit = 0;
    let killed = 0;
    while (killed < kills) {
      // Two at a time: one that takes over while another dies.
      const attempts = await Promise.all([killOne(stage, sweep, random), killOne(stage, sweep, random)]);
      killed += attempts.length;
      hit += attempts.filter(Boolean).length;
      // Fresh tasks, so that there is always something to lose.
      expected.push(...(await stage.track(Math.ceil(tasks / kills))));
      if (killed % 20 === 0)
        progress(`${killed} of ${kills} sweepers killed, ${hit} in the middle of a sweep`);
    }

    await using peaceful = await LambdaProcess.start(sweep, stage.env);
    const sweeps = await stage.sweepInPeace(() => peaceful.invoke({}, INVOCATION_MS));
    progress(`nothing is open any more after ${sweeps} sweeps in peace`);
    const { lost, duplicated, wrong } = await stage.judge(expected);
    if (hit === 0) wrong.push("no kill met a running sweep");
    return [
      {
        tried: `SIGKILL, ${expected.length} tasks of 3 organisations`,
        times: killed,
        lost,
        duplicated,
        wrong: wrong.length,
        notes: [`${hit} kills met a sweep that was under way`, ...wrong.slice(0, 10)],
      },
    ];
  },
};

/** Starts a sweeper and kills it somewhere in its sweep. True when the sweep had not ended by then. */
async function killOne(stage: Stage, module: string, random: () => number): Promise<boolean> {
  const sweeper = await LambdaProcess.start(module, stage.env);
  let ended = false;
  const sweep = sweeper.invoke<SweepSummary>({}, INVOCATION_MS).then(
    () => {
      ended = true;
    },
    () => {},
  );
  await new Promise((resolve) => setTimeout(resolve, random() ** 2 * 400));
  const hit = !ended;
  sweeper.process.kill("SIGKILL");
  await sweep;
  return hit;
}
