import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { seeded } from "../../local/harness/random.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const SIZES = { short: { tasks: 15, changes: 3 }, long: { tasks: 60, changes: 40 } };

const COUNTS = [1, 2, 3, 4, 8, 16, 64];

/**
 * The number of shards changes again and again, up and down: tasks are put under each count, and sweepers with the
 * old and the new count run at the same time, as they do while a deployment is under way.
 */
export const reshard: Scenario = {
  name: "reshard",
  async run({ size, seed, progress }): Promise<Row[]> {
    const { tasks, changes } = SIZES[size];
    const random = seeded(seed);
    const module = unpack("sweep");
    await using stage = await Stage.start({ orgIds: ["o1", "o2"] });
    const start = (shards: number) =>
      LambdaProcess.start(module, { ...stage.env, SWEEP_SHARDS: String(shards) });
    const counts: number[] = [];
    let before = await start(4);
    for (let change = 1; change <= changes; change++) {
      const shards = COUNTS[Math.floor(random() * COUNTS.length)] as number;
      const after = await start(shards);
      // The function that tracks may get the new count before, together with or after the one that sweeps.
      const [tracked] = await Promise.all([
        stage.track(tasks, { shards }),
        before.invoke({}, 30_000),
        after.invoke({}, 30_000),
      ]);
      counts.push(shards);
      await before[Symbol.asyncDispose]();
      before = after;
      if (change % 4 === 0) progress(`${change} of ${changes} changes, ${tracked.length} tasks under each`);
    }
    // Finally a single shard: no task may be left in the shards that no longer exist.
    await before[Symbol.asyncDispose]();
    await using last = await start(1);
    const sweeps = await stage.sweepInPeace(() => last.invoke({}, 30_000));
    const { lost, duplicated, wrong } = await stage.judge();
    return [
      {
        tried: `number of shards changed, ${tasks * changes} tasks`,
        times: changes,
        lost,
        duplicated,
        wrong: wrong.length,
        notes: [`4, ${counts.join(", ")}, 1; ${sweeps} sweeps until all was done`, ...wrong.slice(0, 10)],
      },
    ];
  },
};
