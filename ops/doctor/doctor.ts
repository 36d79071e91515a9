import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import pMap from "p-map";
import { type ReadStack, readStack } from "../../infra/deployed-stack.ts";
import { stackName } from "../../infra/names.ts";
import { HealthStore } from "../../lib/store/health-store.ts";
import { ShardStore } from "../../lib/store/shard-store.ts";
import { openDatabase } from "../../lib/store/table.ts";
import type { Aws } from "../aws.ts";
import { awsTrouble } from "../aws-trouble.ts";
import type { Finding } from "../finding.ts";
import { stageArguments } from "../surroundings.ts";
import { alarms, deadLetters } from "./alarms.ts";
import { askGateway } from "./gateways.ts";
import { describeSecrets, organisationsWithSecret, withoutSecret } from "./secrets.ts";
import { describeStack, settingsIn } from "./stack.ts";
import { stuck, sweepsAndLags } from "./sweeps.ts";

/** Options of the doctor. */
export interface DoctorOptions {
  stage: string;
  region: string;
  /** Organisations whose gateways are asked; if empty, some of those that have a secret. */
  organisations: readonly string[];
}

/** Without --org, gateways are asked for this many organisations, and for so many at a time. */
const MOST_ASKED = 20;
const CONCURRENCY = 5;

/** Checks a deployed stage, from the credentials up. A check that cannot be made is a finding, too. */
export async function* doctor(aws: Aws, options: DoctorOptions): AsyncGenerator<Finding, void, undefined> {
  const { stage, region, organisations } = options;
  const identity = await findingsOf("credentials", async () => [await who(aws, region)]);
  yield* identity;
  if (!isWell(identity)) return;

  const name = stackName(stage);
  const stageOptions = stageArguments(options);
  let stack: ReadStack | undefined;
  const state = await findingsOf("stack", async () => {
    stack = await readStack(aws.cloudFormation, name);
    return describeStack(stack, options);
  });
  yield* state;
  if (!stack || !isWell(state)) return;
  const { outputs, resources } = stack;
  const settings = settingsIn(stack.settings ?? {});
  if (settings instanceof Error) {
    const todo = "use the version that it was deployed with, or deploy this one";
    yield {
      check: "settings",
      ok: false,
      says: `this version refuses them: ${settings.message}`,
      todo,
    };
    return;
  }
  const { ENOS_SECRET_PREFIX, JWT_ISSUER, JWT_ORG_CLAIM, SWEEP_SHARDS, SWEEP_INTERVAL_SECONDS } = settings;

  const secrets = { prefix: ENOS_SECRET_PREFIX, region };
  let known: string[] | undefined;
  yield* await findingsOf("secrets", async () => {
    known = await organisationsWithSecret(aws.secrets, ENOS_SECRET_PREFIX);
    return [describeSecrets(known, secrets)];
  });
  const claim = JWT_ISSUER === undefined ? undefined : JWT_ORG_CLAIM;
  const ask = (orgId: string) =>
    known?.includes(orgId) === false
      ? withoutSecret(orgId, secrets)
      : askGateway(aws.lambda, `${name}-status`, orgId, claim);
  const asked = organisations.length > 0 ? organisations : (known ?? []).slice(0, MOST_ASKED);
  yield* await pMap(asked, ask, { concurrency: CONCURRENCY });
  const more = (known?.length ?? 0) - asked.length;
  if (organisations.length === 0 && more > 0) {
    yield { check: "gateway", ok: null, says: `${more} more were not asked; --org names one` };
  }

  const db = openDatabase(outputs.TrackedTasksTableName ?? "", aws.dynamodb);
  const sweeping = { shardCount: SWEEP_SHARDS, intervalSeconds: SWEEP_INTERVAL_SECONDS };
  yield* await findingsOf("sweep", () => sweepsAndLags(new ShardStore(db), sweeping, Date.now()));
  yield* await findingsOf("stuck", () => stuck(new HealthStore(db), secrets, Date.now()));
  yield* await findingsOf("alarms", () => alarms(aws.cloudWatch, { resources }, `${name}-`));
  for (const [url, of, todo] of [
    [outputs.SweepDeadLettersUrl, "sweeps", `npm run redrive -- ${stageOptions}`],
    [outputs.HintDeadLettersUrl, "hints", 'see docs/runbook.md, "hint-dead-letters"'],
  ] as const) {
    if (url)
      yield* await findingsOf("dead letters", async () => [await deadLetters(aws.sqs, url, { of, todo })]);
  }
}

/** The findings of a check, or why it could not be made. */
async function findingsOf(check: string, run: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await run();
  } catch (error) {
    return [{ check, ok: false, says: awsTrouble(error) }];
  }
}

function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ ok }) => ok !== false);
}

async function who({ sts }: Aws, region: string): Promise<Finding> {
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand());
  return { check: "credentials", ok: true, says: `${Arn} in account ${Account}, ${region}` };
}
