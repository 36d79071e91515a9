import { setTimeout as sleep } from "node:timers/promises";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { unpack } from "../support/artefact.ts";
import { LambdaProcess } from "../support/lambda-process.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const SIZES = {
  short: { tasks: 200, rounds: 2 },
  long: { tasks: 2_000, rounds: 20 },
};

/** Long enough that no lease runs out while its sweep works, short enough to wait for one that is paused. */
const INVOCATION_MS = 5_000;

/** Four sweepers at once, and one that is paused beyond its lease and wakes up again. */
export const overlap: Scenario = {
  name: "overlap",
  run: async ({ size, progress }) => [
    await fourAtOnce(SIZES[size], progress),
    await pausedBeyondItsLease(SIZES[size].tasks, progress),
  ],
};

/** While leases hold nobody sweeps a shard twice, so not one event may come twice. */
async function fourAtOnce(
  { tasks, rounds }: { tasks: number; rounds: number },
  progress: (text: string) => void,
): Promise<Row> {
  await using stage = await Stage.start(["o1", "o2"]);
  const module = unpack("sweep");
  const sweepers = await Promise.all(Array.from({ length: 4 }, () => LambdaProcess.start(module, stage.env)));
  const all = () => Promise.all(sweepers.map((sweeper) => sweeper.invoke<SweepSummary>({}, 60_000)));
  const expected = await stage.track(tasks);
  let sharing = 0;
  let unwritten = 0;
  for (let round = 1; round <= rounds; round++) {
    const summaries = await all();
    for (const { failed } of summaries) unwritten += (failed.write ?? 0) + (failed.publish ?? 0);
    if (summaries.filter(({ shards }) => shards.length > 0).length > 1) sharing++;
    progress(`${round} of ${rounds} rounds of four sweepers`);
    await sleep(300);
  }
  await stage.sweepInPeace(all);
  await Promise.all(sweepers.map((sweeper) => sweeper[Symbol.asyncDispose]()));
  const { lost, duplicated, wrong } = await stage.judge(expected);
  // An answer that came too late on a busy machine is the one other reason for a second event.
  if (duplicated > unwritten) wrong.push(`${duplicated} events came twice though every lease held`);
  if (sharing === 0) wrong.push("the sweepers never shared the shards");
  return {
    tried: `four sweepers at once, ${tasks} tasks`,
    times: rounds,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [
      `several sweepers had shards in ${sharing} rounds; ${unwritten} answers of AWS came too late`,
      ...wrong.slice(0, 10),
    ],
  };
}

/** A sweeper that is stopped in the middle of its sweep, and goes on when others have done its work. */
async function pausedBeyondItsLease(tasks: number, progress: (text: string) => void): Promise<Row> {
  await using stage = await Stage.start(["o1", "o2"]);
  const module = unpack("sweep");
  await using paused = await LambdaProcess.start(module, stage.env);
  await using other = await LambdaProcess.start(module, stage.env);
  const expected = await stage.track(tasks);
  // Slow enough to be caught in the middle.
  const latency = stage.enos.addFault({ kind: "latency", ms: 60 });
  const sleeper = paused.invoke<SweepSummary>({}, INVOCATION_MS);
  await sleep(150);
  paused.process.kill("SIGSTOP");
  stage.enos.removeFault(latency);
  progress("one sweeper is paused");
  // Its lease outlives the invocation by a second.
  await sleep(INVOCATION_MS + 1_200);
  await stage.sweepInPeace(() => other.invoke({}, 60_000));
  paused.process.kill("SIGCONT");
  const summary = await sleeper;
  progress("it is awake again and has ended");
  const { lost, duplicated, wrong } = await stage.judge(expected);
  if (summary.leasesLost === 0) wrong.push("the paused sweeper did not lose its lease: nothing was tried");
  return {
    tried: `a sweeper paused beyond its lease, ${tasks} tasks`,
    times: 1,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [`the paused sweeper lost ${summary.leasesLost} leases`, ...wrong.slice(0, 10)],
  };
}
