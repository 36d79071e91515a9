import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { unpack } from "../support/artefact.ts";
import { LambdaProcess } from "../support/lambda-process.ts";
import { type AwsCall, type Step, stepOf } from "./aws-call.ts";
import { AwsProxy, type Fate } from "./aws-proxy.ts";
import { successesIn } from "./publish-batch.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const TASKS = { short: 24, long: 200 };

/** One thing that AWS does wrong, and at which step of a sweep. */
interface Trouble {
  name: string;
  step: Step;
  fate: Fate;
}

const refuse = (httpStatus: number, code: string): Fate => ({ kind: "refuse", httpStatus, code });

const TROUBLES: Trouble[] = [
  { name: "SNS fails some entries", step: "publish", fate: { kind: "fail-entries" } },
  { name: "SNS does not speak of some entries", step: "publish", fate: { kind: "forget-entries" } },
  { name: "SNS throttles", step: "publish", fate: refuse(400, "Throttling") },
  { name: "SNS answers 500", step: "publish", fate: refuse(500, "InternalFailure") },
  { name: "SNS does not answer", step: "publish", fate: { kind: "hang" } },
  { name: "SNS takes the events, its answer is lost", step: "publish", fate: { kind: "lose-answer" } },
  {
    name: "DynamoDB throttles the commit",
    step: "commit",
    fate: refuse(400, "ProvisionedThroughputExceededException"),
  },
  {
    name: "DynamoDB refuses the commit's condition",
    step: "commit",
    fate: refuse(400, "ConditionalCheckFailedException"),
  },
  { name: "DynamoDB commits, its answer is lost", step: "commit", fate: { kind: "lose-answer" } },
  { name: "DynamoDB answers a read with 500", step: "read", fate: refuse(500, "InternalServerError") },
  { name: "DynamoDB leases, its answer is lost", step: "lease", fate: { kind: "lose-answer" } },
  { name: "DynamoDB releases, its answer is lost", step: "release", fate: { kind: "lose-answer" } },
  { name: "DynamoDB breaks the release off", step: "release", fate: { kind: "reset" } },
  { name: "DynamoDB cannot list the shards", step: "list", fate: refuse(500, "InternalServerError") },
  { name: "Secrets Manager throttles", step: "secret", fate: refuse(400, "ThrottlingException") },
  { name: "Secrets Manager does not answer", step: "secret", fate: { kind: "hang" } },
];

/** An invocation's time: enough for the clients' own time limits, and over soon. */
const INVOCATION_MS = 4_000;

/** AWS goes wrong at every step of a sweep, for two sweeps; then it is well again. */
export const awsFaults: Scenario = {
  name: "aws-faults",
  async run({ size, progress }): Promise<Row[]> {
    const module = unpack("sweep");
    const rows: Row[] = [];
    const waiting = [...TROUBLES];
    // Most troubles only wait for the clients' time limits, so several are tried side by side.
    const lane = async () => {
      for (let trouble = waiting.shift(); trouble; trouble = waiting.shift()) {
        rows.push(await tryTrouble(trouble, module, TASKS[size]));
        progress(`${trouble.name} (${rows.length} of ${TROUBLES.length})`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    return rows;
  },
};

async function tryTrouble({ name, step, fate }: Trouble, module: string, tasks: number): Promise<Row> {
  await using stage = await Stage.start(["o1", "o2"]);
  await using proxy = await AwsProxy.start(stage.cloud.urls);
  await using sweeper = await LambdaProcess.start(module, { ...stage.env, ...proxy.env });
  const expected = await stage.track(tasks);
  const totals = { published: 0, failed: 0, finished: 0, errors: 0 };
  const sweep = async () => {
    try {
      const summary = await sweeper.invoke<SweepSummary>({}, INVOCATION_MS);
      totals.published += summary.published;
      totals.finished += sum(summary.finished);
      totals.failed += sum(summary.failed);
      totals.errors += summary.leasesLost;
    } catch {
      totals.errors++;
    }
  };

  proxy.add({ matches: (call: AwsCall) => stepOf(call) === step, fate });
  await sweep();
  await sweep();
  const met = proxy.observed.filter(({ call }) => stepOf(call) === step).length;
  const noticed = totals.failed + totals.errors;
  proxy.clear();
  // A shard whose release did not come through is free when its lease has run out, a second after the invocation.
  await stage.sweepInPeace(sweep);

  const { lost, duplicated, wrong } = await stage.judge(expected);
  const confirmed = proxy.observed.reduce((total, { call, answered }) => {
    return stepOf(call) === "publish" && answered?.httpStatus === 200
      ? total + successesIn(answered.body).length
      : total;
  }, 0);
  if (met === 0) wrong.push("no call met the trouble");
  if (sweeper.process.exitCode !== null) wrong.push("the sweeper's process has ended");
  // Never above: what SNS takes at a retry after the sweep has ended is in no summary any more.
  if (totals.published > confirmed)
    wrong.push(`${totals.published} published, but SNS confirmed ${confirmed}`);
  const measured = metric(sweeper.output, "Published");
  if (measured !== totals.published)
    wrong.push(`the metric says ${measured} published, the summaries ${totals.published}`);
  if (totals.finished > expected.length)
    wrong.push(`${totals.finished} of ${expected.length} tasks finished`);
  return {
    tried: name,
    times: met,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [`${noticed} failures in summaries and errors`, ...wrong.slice(0, 5)],
  };
}

function sum(counters: Partial<Record<string, number>>): number {
  return Object.values(counters).reduce((total: number, value) => total + (value ?? 0), 0);
}

/** The sum of a metric in all embedded metric lines that a function printed. */
function metric(output: string, name: string): number {
  const totals: Record<string, number> = {};
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"_aws"')) continue;
    const value = JSON.parse(line)[name];
    if (typeof value === "number") totals[name] = (totals[name] ?? 0) + value;
  }
  return totals[name] ?? 0;
}
