import { createServer } from "node:net";
import pMap from "p-map";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { Fault } from "../../local/enos/input.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { canaryKeys } from "../../local/harness/canary.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { listen } from "../../local/loopback.ts";
import type { Row, Scenario, ScenarioOptions } from "./scenario.ts";
import { Stage } from "./stage.ts";

/** A crowd of organisations in trouble, beside one that is well; `tasks` is the number of each in the crowd. */
interface Crowd {
  tried: string;
  short: [organisations: number, tasks: number, well: number];
  long: [organisations: number, tasks: number, well: number];
  shards: number;
  /** Each has a gateway of its own, which accepts connections and never answers, or does not exist. */
  gateway?: "hangs" | "is-not-there";
  fault?: { kind: "refused" } | { kind: "latency"; ms: number };
}

const CROWDS: Crowd[] = [
  {
    tried: "gateways that take connections and never answer",
    short: [12, 4, 30],
    long: [100, 24, 300],
    shards: 4,
    gateway: "hangs",
  },
  {
    tried: "a gateway that is not there, in front of everybody else in one shard",
    short: [1, 300, 3],
    long: [1, 5_000, 3],
    shards: 1,
    gateway: "is-not-there",
  },
  {
    tried: "organisations whose keys are refused",
    short: [25, 2, 30],
    long: [205, 3, 2_000],
    shards: 4,
    fault: { kind: "refused" },
  },
  {
    tried: "an organisation that answers after eight seconds",
    short: [1, 60, 30],
    long: [1, 5_000, 3_000],
    shards: 4,
    fault: { kind: "latency", ms: 8_000 },
  },
];

const WELL = "well";

/** Crowds of organisations in trouble beside one that is well and must not be affected, in packaged sweeps. */
export const crowd: Scenario = {
  name: "crowd",
  async run({ size, progress }: ScenarioOptions): Promise<Row[]> {
    const module = unpack("sweep");
    return pMap(
      CROWDS,
      async (each) => {
        const row = await tryCrowd(each, size, module);
        progress(row.tried);
        return row;
      },
      // Short trials mostly wait.
      { concurrency: size === "short" ? CROWDS.length : 2 },
    );
  },
};

async function tryCrowd(each: Crowd, size: ScenarioOptions["size"], module: string): Promise<Row> {
  const [organisations, tasks, well] = each[size];
  const troubled = Array.from({ length: organisations }, (_, index) => `t${index}`);
  await using gateways = new AsyncDisposableStack();
  await using stage = await Stage.start({ orgIds: [...troubled, WELL], shards: each.shards });
  await using sweeper = await LambdaProcess.start(module, stage.env);
  for (const orgId of troubled) {
    if (each.fault) stage.enos.addFault({ ...each.fault, orgId } as Fault);
    if (each.gateway) {
      const baseUrl = await silentGateway(gateways, each.gateway);
      await stage.cloud.putSecret(orgId, { ...canaryKeys(orgId), baseUrl });
    }
    await stage.track(tasks, { orgId, runsMs: 0 });
  }
  await stage.track(well, { orgId: WELL, runsMs: 0 });
  const sweeps = [
    await sweeper.invoke<SweepSummary>({}, 60_000),
    await sweeper.invoke<SweepSummary>({}, 60_000),
  ];
  await stage.hear();
  const missed = well - stage.ledger.heardOf(WELL);
  const wrong: string[] = [];
  if (missed > 0) wrong.push(`${missed} of ${well} tasks were not heard of after two sweeps`);
  const [, second] = sweeps as [SweepSummary, SweepSummary];
  if (each.shards !== second.shards.length) wrong.push(`the second sweep had ${second.shards.length} shards`);
  const isNoticed = sweeps.some(
    ({ failed, behind, durationMs }) =>
      durationMs > 8_000 || Object.keys({ ...failed, ...behind }).length > 0,
  );
  if (!isNoticed) wrong.push("no sweep noticed the trouble");
  return {
    tried: `${organisations} × ${tasks}: ${each.tried}`,
    times: sweeps.length,
    lost: missed,
    duplicated: 0,
    wrong: wrong.length,
    notes: [sweeps.map(({ durationMs }) => `${Math.round(durationMs / 1_000)} s`).join(", "), ...wrong],
  };
}

/** The address of a gateway that never answers. */
async function silentGateway(
  gateways: AsyncDisposableStack,
  kind: "hangs" | "is-not-there",
): Promise<string> {
  const loopback = await listen(createServer((socket) => socket.on("error", () => {})));
  if (kind === "hangs") gateways.use(loopback);
  else await loopback[Symbol.asyncDispose]();
  return loopback.url;
}
