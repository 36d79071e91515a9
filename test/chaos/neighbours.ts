import pMap from "p-map";
import { indexEntryOf } from "../../lib/store/index-key.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { Fault } from "../../local/enos/input.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import type { Row, Scenario, ScenarioOptions } from "./scenario.ts";
import { Stage } from "./stage.ts";

const TASKS = { short: 12, long: 200 };

/** Whether the organisations in trouble are apart, in shards of their own that are swept first. */
const PLACES = { short: [true], long: [false, true] };

/** The organisations that are in trouble, and those that are not. */
const TROUBLED = ["t1", "t2", "t3"];
const WELL = ["w1", "w2"];

/** What is wrong with an organisation's gateway. */
type Trouble = Omit<Fault, "orgId" | "kind"> & Pick<Fault, "kind">;

const TROUBLES: [name: string, fault: Trouble][] = [
  ["credentials refused", { kind: "refused" }],
  ["traffic limited", { kind: "rate-limit" }],
  ["gateway resets connections", { kind: "reset", at: "before-answer" } as Trouble],
  ["gateway answers 503", { kind: "server-error", httpStatus: 503, body: "empty" } as Trouble],
];

/**
 * Organisations in trouble, spread over all shards or alone in those that are swept first. The organisations that are
 * well must not be affected.
 */
export const neighbours: Scenario = {
  name: "neighbours",
  async run({ size, progress }: ScenarioOptions): Promise<Row[]> {
    const module = unpack("sweep");
    const trials = TROUBLES.flatMap(([name, fault]) => PLACES[size].map((apart) => ({ name, fault, apart })));
    // A recovery mostly waits for the schedule.
    return pMap(
      trials,
      async ({ name, fault, apart }) => {
        const row = await tryTrouble(name, fault, apart, module, TASKS[size]);
        progress(row.tried);
        return row;
      },
      { concurrency: 4 },
    );
  },
};

async function tryTrouble(
  name: string,
  fault: Trouble,
  apart: boolean,
  module: string,
  tasks: number,
): Promise<Row> {
  await using stage = await Stage.start({ orgIds: [...TROUBLED, ...WELL] });
  await using sweeper = await LambdaProcess.start(module, stage.env);
  const sweep = () => sweeper.invoke<SweepSummary>({}, 30_000);
  const inShards = (numbers: number[]) => (task: Parameters<typeof indexEntryOf>[0]) =>
    !apart || numbers.includes(indexEntryOf(task, 0, 4).openShard);
  for (const orgId of TROUBLED) {
    stage.enos.addFault({ ...fault, orgId } as Fault);
    await stage.track(tasks, { orgId, runsMs: 0, where: inShards([0, 1]) });
  }
  for (const orgId of WELL) await stage.track(tasks, { orgId, runsMs: 0, where: inShards([2, 3]) });
  // Twice: if the watermarks of the troubled shards did not move, these would come first again.
  const sweeps = [await sweep(), await sweep()];

  await stage.hear();
  const wrong: string[] = [];
  for (const orgId of WELL) {
    const heard = stage.ledger.heardOf(orgId);
    if (heard < tasks) wrong.push(`${heard} of ${tasks} tasks of ${orgId}, which is well, were heard of`);
  }
  const failed = sweeps.reduce((total, each) => total + Object.values(each.failed).length, 0);
  if (failed === 0) wrong.push("no sweep noticed the trouble");
  stage.enos.clearFaults();
  const recovery = await stage.sweepInPeace(sweep);
  const { lost, duplicated, wrong: found } = await stage.judge();
  wrong.push(...found);
  return {
    tried: `${name}, 3 of 5 organisations${apart ? ", in shards of their own" : ""}`,
    times: sweeps.length,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [`all was done ${recovery} sweeps after the trouble`, ...wrong.slice(0, 5)],
  };
}
