import { paginateListSecrets, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import pMap from "p-map";
import { awsTrouble } from "../../infra/aws-trouble.ts";
import { changesOf, statusProblem } from "../../infra/changes.ts";
import { type ReadStack, readStack } from "../../infra/deployed-stack.ts";
import { stackName } from "../../infra/names.ts";
import { DEFAULT_SETTINGS } from "../../infra/settings.ts";
import { parseSettings, SETTINGS } from "../../lib/settings.ts";
import { HealthStore } from "../../lib/store/health-store.ts";
import { ShardStore } from "../../lib/store/shard-store.ts";
import { openDatabase } from "../../lib/store/table.ts";
import { Id } from "../../lib/tasks/key.ts";
import type { Aws } from "../aws.ts";
import type { Finding } from "../finding.ts";
import { alarms, deadLetters } from "./alarms.ts";
import { askGateway } from "./gateways.ts";
import { stuck, sweepsAndLags } from "./sweeps.ts";

/** What is to be examined. */
export interface Patient {
  stage: string;
  region: string;
  /** Organisations whose gateways are asked; some of those that have a secret when there are none. */
  organisations: readonly string[];
}

/** Organisations that are asked for where nobody says which, and how many at a time. */
const MOST_ASKED = 20;
const AT_A_TIME = 5;

/** Tells how a stage is doing, from the credentials up. What cannot be looked at is a finding, too. */
export async function* examine(aws: Aws, patient: Patient): AsyncGenerator<Finding, void, undefined> {
  const { stage, region, organisations } = patient;
  const identity = await looked("credentials", async () => [await who(aws, region)]);
  yield* identity;
  if (!isWell(identity)) return;

  const name = stackName(stage);
  let stack: ReadStack | undefined;
  const state = await looked("stack", async () => {
    stack = await readStack(aws.cloudFormation, name);
    return describeStack(stack, patient);
  });
  yield* state;
  if (!stack || !isWell(state)) return;
  const { outputs, settings, resources } = stack;
  const { ENOS_SECRET_PREFIX, JWT_ISSUER, JWT_ORG_CLAIM, SWEEP_SHARDS, SWEEP_INTERVAL_SECONDS } = settingsIn(
    settings ?? {},
  );

  let known: string[] | undefined;
  yield* await looked("secrets", async () => {
    known = await organisationsWithSecret(aws.secrets, ENOS_SECRET_PREFIX);
    return [describeSecrets(known, ENOS_SECRET_PREFIX)];
  });
  const claim = JWT_ISSUER === undefined ? undefined : JWT_ORG_CLAIM;
  const ask = (orgId: string) =>
    known?.includes(orgId) === false
      ? withoutSecret(orgId, ENOS_SECRET_PREFIX)
      : askGateway(aws.lambda, `${name}-status`, orgId, claim);
  const asked = organisations.length > 0 ? organisations : (known ?? []).slice(0, MOST_ASKED);
  yield* await pMap(asked, ask, { concurrency: AT_A_TIME });
  const more = (known?.length ?? 0) - asked.length;
  if (organisations.length === 0 && more > 0) {
    yield { check: "gateway", ok: null, says: `${more} more were not asked; --org names one` };
  }

  const db = openDatabase(outputs.TrackedTasksTableName ?? "", aws.dynamodb);
  const sweeping = { shardCount: SWEEP_SHARDS, intervalSeconds: SWEEP_INTERVAL_SECONDS };
  yield* await looked("sweep", () => sweepsAndLags(new ShardStore(db), sweeping, Date.now()));
  yield* await looked("stuck", () => stuck(new HealthStore(db), Date.now()));
  yield* await looked("alarms", () => alarms(aws.cloudWatch, { resources }, `${name}-`));
  for (const [url, of, todo] of [
    [outputs.SweepDeadLettersUrl, "sweeps", `npm run redrive -- --stage ${stage}`],
    [outputs.HintDeadLettersUrl, "hints", 'see docs/runbook.md, "hint-dead-letters"'],
  ] as const) {
    if (url) yield* await looked("dead letters", async () => [await deadLetters(aws.sqs, url, { of, todo })]);
  }
}

/** What a look finds, or why there could be none. */
async function looked(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
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

function describeStack(stack: ReadStack | undefined, { stage, region }: Patient): Finding[] {
  const name = stackName(stage);
  if (!stack) {
    const says = `there is no stack ${name} in ${region}`;
    return [
      { check: "stack", ok: false, says, todo: "--stage and --region say where the service is deployed" },
    ];
  }
  const problem = statusProblem(stack, { remove: `npm run osls -- remove --stage ${stage}`, stack: name });
  // While it changes it still serves.
  const isServing = !problem || stack.status.endsWith("_IN_PROGRESS");
  const findings: Finding[] = [
    { check: "stack", ok: isServing, says: problem ? `${name}: ${problem}` : `${name} is ${stack.status}` },
  ];
  if (!stack.settings) {
    return [...findings, { check: "settings", ok: null, says: "the stack does not say them; deploy again" }];
  }
  const changes = changesOf(DEFAULT_SETTINGS, stack.settings, {}).filter(({ after }) => after !== null);
  const says = changes.map(({ name: setting, after }) => `${setting}=${after}`).join(" ");
  return [...findings, { check: "settings", ok: true, says: says || "all at their defaults" }];
}

/** The settings that the examination needs; of a stack that does not say them, the defaults. */
function settingsIn(settings: Readonly<Record<string, string | null>>) {
  const { ENOS_SECRET_PREFIX, JWT_ISSUER, JWT_ORG_CLAIM, SWEEP_SHARDS, SWEEP_INTERVAL_SECONDS } = SETTINGS;
  return parseSettings(
    Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value ?? undefined])),
    { ENOS_SECRET_PREFIX, JWT_ISSUER, JWT_ORG_CLAIM, SWEEP_SHARDS, SWEEP_INTERVAL_SECONDS },
  );
}

/** Who has a secret, by its name alone. */
async function organisationsWithSecret(client: SecretsManagerClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  const pages = paginateListSecrets({ client }, { Filters: [{ Key: "name", Values: [prefix] }] });
  for await (const { SecretList = [] } of pages) names.push(...SecretList.map(({ Name = "" }) => Name));
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((orgId) => Id.safeParse(orgId).success)
    .sort();
}

/** Organisations that are told by name. */
const MOST_NAMED = 10;

function describeSecrets(known: string[], prefix: string): Finding {
  if (known.length === 0) {
    const todo = `create one for each organisation: ${creation(prefix, "ORG")}`;
    return { check: "secrets", ok: false, says: `there is none that is named ${prefix}…`, todo };
  }
  const names = known.slice(0, MOST_NAMED).join(", ");
  const more = known.length - MOST_NAMED;
  return { check: "secrets", ok: true, says: `of ${names}${more > 0 ? ` and ${more} more` : ""}` };
}

function withoutSecret(orgId: string, prefix: string): Finding {
  return { check: "gateway", ok: false, says: `${orgId} has no secret`, todo: creation(prefix, orgId) };
}

function creation(prefix: string, orgId: string): string {
  return `aws secretsmanager create-secret --name ${prefix}${orgId} --secret-string file://secret.json`;
}
