import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { SecretsManagerCredentials } from "../../../lib/aws/credentials.ts";
import { EnosClient } from "../../../lib/enos/client.ts";
import { Cloud } from "../../../local/cloud.ts";
import { taskEvent } from "../../../local/harness/api-event.ts";
import { unpack } from "../../../local/harness/artefact.ts";
import { LambdaProcess } from "../../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../../local/template.ts";
import type { Row, Scenario } from "../scenario.ts";
import { AwsFront } from "./aws-front.ts";
import { Canaries, everythingOf } from "./canaries.ts";
import { ECHOES, EchoGateway, type Endpoint } from "./echo-gateway.ts";
import { ODD_SECRETS } from "./odd-secrets.ts";

const ROUNDS = { short: 1, long: 10 };
const CHANNEL = "ch-1";
const TASK = "t1";

/** An organisation, and the trouble with it. */
interface Case {
  orgId: string;
  trouble: string;
  accessKey: string;
  secretKey: string;
  secret: string;
  echo?: { endpoint: Endpoint; answer: (typeof ECHOES)[string] };
  /** How Secrets Manager fails for it. */
  secretsManager?: number;
}

/**
 * EnOS and AWS echo what they were sent, and secrets are invalid. In every case, no key, token or signature may leave
 * the service, except to EnOS.
 */
export const secrets: Scenario = {
  name: "secrets",
  async run({ size, progress }) {
    const rows: Row[] = [];
    for (let round = 0; round < ROUNDS[size]; round++) {
      rows.push(...(await playRound()));
      progress(`round ${round + 1} of ${ROUNDS[size]}`);
    }
    return merged(rows);
  },
};

async function playRound(): Promise<Row[]> {
  const canaries = new Canaries();
  const cases = makeCases(canaries);
  const caseOf = new Map(cases.map((each) => [each.orgId, each]));
  await using cloud = await Cloud.start(tableFromSource());
  await using gateway = await EchoGateway.start(canaries, (orgId) => caseOf.get(orgId)?.echo);
  await using secretsManager = await AwsFront.start(cloud.urls.secrets, ({ body, headers }) => {
    const orgId = String(JSON.parse(body).SecretId).replace("enos/", "");
    const { secretsManager: httpStatus, secret } = caseOf.get(orgId) ?? {};
    if (httpStatus === undefined) return null;
    const message = `${secret} ${headers}`;
    // 200 is a success whose body cannot be parsed.
    const json = JSON.stringify({ __type: "AccessDeniedException", message, Message: message });
    return { httpStatus, body: httpStatus === 200 ? `{"SecretString":${message}` : json };
  });
  let publishes = 0;
  await using topic = await AwsFront.start(cloud.urls.messaging, ({ body, headers }) => {
    // The first of two sweeps cannot publish, so that the events of both organisations arrive with the second.
    return body.includes("well-") && publishes++ === 0
      ? {
          httpStatus: 400,
          body: `<ErrorResponse><Error><Code>Odd</Code><Message>${headers} ${body}</Message></Error></ErrorResponse>`,
        }
      : null;
  });
  const queue = await cloud.subscribe("everything");
  for (const { orgId, secret } of cases) {
    await cloud.secrets.send(new CreateSecretCommand({ Name: `enos/${orgId}`, SecretString: secret }));
  }
  const env = {
    ...cloud.env(gateway.url),
    AWS_SECRET_ACCESS_KEY: canaries.hatch("AWS secret key"),
    AWS_SESSION_TOKEN: canaries.hatch("AWS session token"),
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    AWS_ENDPOINT_URL_SNS: topic.url,
    // So that the functions log everything that they ever would.
    POWERTOOLS_LOG_LEVEL: "TRACE",
  };
  const texts = { lookup: [] as string[], sweep: [] as string[], errors: [] as string[] };

  await using status = await LambdaProcess.start(unpack("status"), env);
  await using track = await LambdaProcess.start(unpack("track"), env);
  await using sweep = await LambdaProcess.start(unpack("sweep"), env);
  const answers = await Promise.all(
    cases.map(async ({ orgId }) => {
      const task = { orgId, channelId: CHANNEL, taskId: TASK };
      await track.invoke(taskEvent("put", task));
      return status.invoke<APIGatewayProxyStructuredResultV2>(taskEvent("status", task));
    }),
  );
  texts.lookup.push(...answers.map((answer) => JSON.stringify(answer)), status.output);
  for (let times = 0; times < 2; times++) {
    texts.sweep.push(JSON.stringify(await sweep.invoke({}).catch((error) => everythingOf(error))));
  }
  const events = await everyMessage(queue);
  const { client, table } = cloud.db;
  const { Items } = await client.send(new ScanCommand({ TableName: table }));
  texts.sweep.push(sweep.output, track.output, ...events, JSON.stringify(Items));
  texts.errors.push(...(await errorsInProcess(cases, gateway.url, secretsManager.url)));

  const unmet = cases.filter(({ orgId, echo }) => echo && !gateway.echoed.has(orgId));
  const checks = unmet.map(({ trouble }) => `nothing was echoed as ${trouble}`);
  if (events.length === 0) checks.push("no event was published");
  if (topic.failed === 0) checks.push("SNS never failed");
  if (secretsManager.failed === 0) checks.push("Secrets Manager never failed");
  if (!answers.some(({ statusCode }) => statusCode === 200)) checks.push("no lookup succeeded");
  if (texts.errors.length === 0) checks.push("no error was thrown");
  // Any other answer means that the trial did not work as intended.
  const odd = answers.filter(({ statusCode }) => ![200, 403, 429, 500, 502, 504].includes(statusCode ?? 0));
  for (const { statusCode, body } of odd) checks.push(`an answer with ${statusCode}: ${body?.slice(0, 200)}`);
  return [
    row("answers and log of the lookup", texts.lookup, canaries, checks),
    row("summaries, log, events and records of sweeps", texts.sweep, canaries, []),
    row("errors of the client and the credentials", texts.errors, canaries, []),
  ];
}

/** Every way to echo at both endpoints, every invalid secret, every failure of Secrets Manager; two without trouble. */
function makeCases(canaries: Canaries): Case[] {
  const cases: Case[] = [];
  const add = (trouble: string, more: Partial<Case> = {}, orgId = `o${cases.length}`) => {
    const accessKey = `${orgId}.${canaries.hatch("access key")}`;
    const secretKey = canaries.hatch("secret key");
    cases.push({
      orgId,
      trouble,
      accessKey,
      secretKey,
      secret: JSON.stringify({ accessKey, secretKey }),
      ...more,
    });
  };
  add("nothing", {}, "well-1");
  add("SNS", {}, "well-2");
  for (const endpoint of ["token", "status"] as const) {
    for (const [name, answer] of Object.entries(ECHOES)) {
      add(`${name}, ${endpoint}`, { echo: { endpoint, answer } });
    }
  }
  for (const [name, write] of Object.entries(ODD_SECRETS)) {
    add(`a secret that is ${name}`);
    const last = cases.at(-1) as Case;
    last.secret = write(last.accessKey, last.secretKey);
  }
  for (const httpStatus of [200, 400, 500]) {
    add(`Secrets Manager: ${httpStatus}`, { secretsManager: httpStatus });
  }
  return cases;
}

/** Everything that the client and the credentials throw in this process, where more of it is visible. */
async function errorsInProcess(cases: Case[], gatewayUrl: string, secretsUrl: string): Promise<string[]> {
  const { SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
  const client = new SecretsManagerClient({
    region: "eu-central-1",
    endpoint: secretsUrl,
    maxAttempts: 1,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const credentials = new SecretsManagerCredentials({
    prefix: "enos/",
    defaultBaseUrl: gatewayUrl,
    gateways: { httpHosts: [], isDeployed: false },
    client,
  });
  const enos = new EnosClient({ credentials });
  const thrown = await Promise.all(
    cases.map(({ orgId }) =>
      enos.getDownloadStatus({ orgId, channelId: CHANNEL, taskId: TASK }).then(
        () => undefined,
        (error) => everythingOf(error),
      ),
    ),
  );
  client.destroy();
  return thrown.filter((text) => text !== undefined);
}

async function everyMessage(queue: Awaited<ReturnType<Cloud["subscribe"]>>): Promise<string[]> {
  const messages: string[] = [];
  for (;;) {
    const received = await queue.poll(0);
    if (received.length === 0) return messages;
    messages.push(...received.map((message) => JSON.stringify(message)));
  }
}

function row(tried: string, texts: string[], canaries: Canaries, checks: string[]): Row {
  const found = texts.flatMap((text) =>
    canaries.foundIn(text).map((what) => `${what} in: ${around(text, canaries)}`),
  );
  const wrong = [...found, ...checks];
  return {
    tried,
    times: texts.length,
    lost: 0,
    duplicated: 0,
    wrong: wrong.length,
    notes: wrong.slice(0, 10),
  };
}

/** The first line of a text that holds a secret. */
function around(text: string, canaries: Canaries): string {
  return (text.split("\n").find((line) => canaries.foundIn(line).length > 0) ?? text).slice(0, 300);
}

/** The rows of all rounds, one for each thing that was tried. */
function merged(rows: Row[]): Row[] {
  return Object.values(Object.groupBy(rows, ({ tried }) => tried)).map((same) => {
    const all = same as Row[];
    return {
      ...(all[0] as Row),
      times: all.reduce((total, { times }) => total + times, 0),
      wrong: all.reduce((total, { wrong }) => total + wrong, 0),
      notes: all.flatMap(({ notes }) => notes).slice(0, 10),
    };
  });
}
