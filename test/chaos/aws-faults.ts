import { isDeepStrictEqual } from "node:util";
import pMap from "p-map";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { type AwsCall, nameOfItem, type Step, stepOf } from "../../local/harness/aws-call.ts";
import { AwsProxy, type Fate } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { successesIn } from "../../local/harness/publish-batch.ts";
import { allItems } from "./ledger.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

/** In `npm test`, each trouble lasts for one sweep of a few tasks. */
const SIZES = { short: { tasks: 12, sweeps: 1 }, long: { tasks: 200, sweeps: 3 } };

/** One thing that AWS does wrong, and at which step of a sweep. */
interface Trouble {
  name: string;
  step: Step;
  /** `late`: the first such call is held up until everything else has happened, and carried out then. */
  fate: Fate | "late";
  /** Whether `npm test` tries it as well. */
  inTests?: true;
}

const hang: Fate = { kind: "hang" };
const loseAnswer: Fate = { kind: "lose-answer" };
const refuse = (httpStatus: number, code: string): Fate => ({ kind: "refuse", httpStatus, code });

const TROUBLES: Trouble[] = [
  { name: "SNS fails some entries", step: "publish", fate: { kind: "fail-entries" }, inTests: true },
  {
    name: "SNS omits some entries from its answer",
    step: "publish",
    fate: { kind: "forget-entries" },
    inTests: true,
  },
  { name: "SNS throttles", step: "publish", fate: refuse(400, "Throttling") },
  { name: "SNS answers 500", step: "publish", fate: refuse(500, "InternalFailure") },
  { name: "SNS does not answer", step: "publish", fate: hang, inTests: true },
  { name: "SNS accepts the events, its answer is lost", step: "publish", fate: loseAnswer, inTests: true },
  {
    name: "DynamoDB throttles the commit",
    step: "commit",
    fate: refuse(400, "ProvisionedThroughputExceededException"),
    inTests: true,
  },
  {
    name: "DynamoDB refuses the commit's condition",
    step: "commit",
    fate: refuse(400, "ConditionalCheckFailedException"),
  },
  { name: "DynamoDB commits, its answer is lost", step: "commit", fate: loseAnswer, inTests: true },
  {
    name: "DynamoDB answers a consistent read of a task with 500",
    step: "current",
    fate: refuse(500, "InternalServerError"),
    inTests: true,
  },
  { name: "DynamoDB does not answer a consistent read of a task", step: "current", fate: hang },
  { name: "DynamoDB answers a read with 500", step: "read", fate: refuse(500, "InternalServerError") },
  { name: "DynamoDB does not answer a read", step: "read", fate: hang, inTests: true },
  { name: "DynamoDB does not answer a commit", step: "commit", fate: hang },
  { name: "DynamoDB carries a commit out late", step: "commit", fate: "late" },
  {
    name: "DynamoDB refuses the lease's condition",
    step: "lease",
    fate: refuse(400, "ConditionalCheckFailedException"),
  },
  { name: "DynamoDB does not answer a lease", step: "lease", fate: hang },
  { name: "DynamoDB carries a lease out late", step: "lease", fate: "late", inTests: true },
  { name: "DynamoDB leases, its answer is lost", step: "lease", fate: loseAnswer },
  { name: "DynamoDB releases, its answer is lost", step: "release", fate: loseAnswer },
  {
    name: "DynamoDB refuses the release's condition",
    step: "release",
    fate: refuse(400, "ConditionalCheckFailedException"),
  },
  { name: "DynamoDB does not answer a release", step: "release", fate: hang },
  { name: "DynamoDB carries a release out late", step: "release", fate: "late", inTests: true },
  { name: "DynamoDB breaks the release off", step: "release", fate: { kind: "reset" } },
  { name: "DynamoDB cannot list the shards", step: "list", fate: refuse(500, "InternalServerError") },
  { name: "DynamoDB does not answer the list", step: "list", fate: hang },
  {
    name: "DynamoDB neither reads nor writes behind records",
    step: "behind",
    fate: refuse(500, "InternalServerError"),
    inTests: true,
  },
  {
    name: "DynamoDB refuses the condition of a behind record",
    step: "behind",
    fate: refuse(400, "ConditionalCheckFailedException"),
  },
  { name: "DynamoDB does not answer about behind records", step: "behind", fate: hang },
  { name: "DynamoDB writes a behind record, its answer is lost", step: "behind", fate: loseAnswer },
  {
    name: "DynamoDB does not write health records",
    step: "health",
    fate: refuse(500, "InternalServerError"),
    inTests: true,
  },
  { name: "DynamoDB does not answer about health records", step: "health", fate: hang },
  { name: "DynamoDB writes a health record, its answer is lost", step: "health", fate: loseAnswer },
  { name: "Secrets Manager answers 500", step: "secret", fate: refuse(500, "InternalServiceError") },
  { name: "Secrets Manager throttles", step: "secret", fate: refuse(400, "ThrottlingException") },
  { name: "Secrets Manager does not answer", step: "secret", fate: hang, inTests: true },
];

/** An invocation's time, in milliseconds: longer than the clients' own timeouts, but short. */
const INVOCATION_MS = 4_000;
/** How much longer than its invocation a sweep's lease holds. */
const LEASE_MARGIN_MS = 1_000;
/** The most sweeps that are tried until one reaches the step of the trouble. */
const MOST_SWEEPS = 20;

/** AWS fails at every step of a sweep, for a few sweeps; then it works again. */
export const awsFaults: Scenario = {
  name: "aws-faults",
  async run({ size, progress }): Promise<Row[]> {
    const module = unpack("sweep");
    const troubles = TROUBLES.filter(({ inTests }) => inTests || size === "long");
    let tried = 0;
    // Most troubles only wait for the clients' timeouts.
    return pMap(
      troubles,
      async (trouble) => {
        const row = await tryTrouble(trouble, module, SIZES[size]);
        progress(`${trouble.name} (${++tried} of ${troubles.length})`);
        return row;
      },
      { concurrency: 8 },
    );
  },
};

async function tryTrouble(
  { name, step, fate }: Trouble,
  module: string,
  { tasks, sweeps }: { tasks: number; sweeps: number },
): Promise<Row> {
  await using stage = await Stage.start({ orgIds: ["o1", "o2"] });
  await using proxy = await AwsProxy.start(stage.cloud.urls);
  await using sweeper = await LambdaProcess.start(module, { ...stage.env, ...proxy.env });
  const wrong: string[] = [];
  const totals = { published: 0, finished: 0, failed: new Map<string, number>(), leasesLost: 0 };
  /** Sweeps that threw or ran out of time: what AWS confirmed to them at the end is in no summary. */
  let unfinished = 0;
  const sweep = async () => {
    const started = performance.now();
    try {
      const summary = await sweeper.invoke<SweepSummary>({}, INVOCATION_MS);
      totals.published += summary.published;
      totals.finished += sum(summary.finished);
      totals.leasesLost += summary.leasesLost;
      for (const [reason, times] of Object.entries(summary.failed)) {
        totals.failed.set(reason, (totals.failed.get(reason) ?? 0) + times);
      }
      if (summary.ended === "out-of-time") unfinished++;
    } catch {
      unfinished++;
    }
    return performance.now() - started;
  };
  // The duration of a sweep without work or trouble shows how busy the machine is.
  const longestMs = INVOCATION_MS + LEASE_MARGIN_MS + 2 * (await sweep());
  const timedSweep = async () => {
    const tookMs = await sweep();
    if (tookMs > longestMs) wrong.push(`a sweep took ${Math.round(tookMs)} ms`);
  };
  // Behind and health records are written only if an organisation is stuck, and so behind.
  const isNoted = step === "behind" || step === "health";
  if (isNoted) stage.enos.addFault({ kind: "refused", orgId: "o2" });
  await stage.track(tasks);

  const released = Promise.withResolvers<void>();
  const matches = (call: AwsCall) => stepOf(call) === step;
  if (fate === "late") proxy.add({ matches, fate: { kind: "hold", until: released.promise }, times: 1 });
  else proxy.add({ matches, fate });
  const met = () => proxy.observed.filter(({ call }) => matches(call)).length;
  // On a busy machine, a sweep's time may be over before it reaches the step.
  for (let time = 0; time < sweeps || (met() === 0 && time < MOST_SWEEPS); time++) await timedSweep();
  const times = met();
  proxy.clear();
  stage.enos.clearFaults();
  // A shard that could not be released is free once its lease has run out, a second after the invocation.
  await stage.sweepInPeace(timedSweep);
  if (fate === "late") {
    // Every lease has run out. Once more, so that another sweep has held each shard since.
    await timedSweep();
    const before = await allItems(stage.db);
    released.resolve();
    await proxy.settled();
    if (!isDeepStrictEqual(await allItems(stage.db), before)) wrong.push("the late call changed the table");
  }

  const { lost, duplicated, wrong: found } = await stage.judge();
  wrong.push(...found);
  if (times === 0) wrong.push("no call met the trouble");
  if (sweeper.process.exitCode !== null) wrong.push("the sweeper's process has ended");
  const answered = proxy.observed.filter((each) => each.answered?.httpStatus === 200);
  const confirmed = answered
    .filter(({ call }) => stepOf(call) === "publish")
    .reduce((total, each) => total + successesIn(each.answered?.body ?? "").length, 0);
  const closed = new Set(
    answered.filter(({ call }) => isFinish(call)).map(({ call }) => nameOfItem(call.input)),
  );
  for (const [what, told, truth] of [
    ["published", totals.published, confirmed],
    ["finished", totals.finished, closed.size],
  ] as const) {
    if (told > truth || (told < truth && unfinished === 0))
      wrong.push(`${told} ${what} in the summaries, ${truth} in truth`);
  }
  const metrics = readMetrics(sweeper.output);
  for (const [metric, told] of [
    ["Published", totals.published],
    ["Finished", totals.finished],
    ...[...totals.failed].map(([reason, times]) => [`kind ${reason}`, times] as const),
  ] as const) {
    const measured = metrics.get(metric) ?? 0;
    if (measured !== told) wrong.push(`the metric ${metric} says ${measured}, the summaries ${told}`);
  }
  const failures = [...totals.failed].map(([reason, times]) => `${reason} ${times}`);
  return {
    tried: name,
    times,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [
      `failed: ${failures.join(", ") || "nothing"}; ${unfinished} sweeps without an end, ${totals.leasesLost} leases lost`,
      ...wrong.slice(0, 5),
    ],
  };
}

function isFinish(call: AwsCall): boolean {
  return stepOf(call) === "commit" && String(call.input.UpdateExpression).includes("finishedAt");
}

function sum(counters: Partial<Record<string, number>>): number {
  return Object.values(counters).reduce((total: number, value) => total + (value ?? 0), 0);
}

/** The sums of the metrics that a function printed, by their name; those of failures by their kind. */
function readMetrics(output: string): Map<string, number> {
  const totals = new Map<string, number>();
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"_aws"')) continue;
    const printed = JSON.parse(line);
    for (const { Metrics } of printed._aws.CloudWatchMetrics) {
      for (const { Name } of Metrics) {
        const name = printed.kind === undefined ? Name : `kind ${printed.kind}`;
        totals.set(name, (totals.get(name) ?? 0) + printed[Name]);
      }
    }
  }
  return totals;
}
