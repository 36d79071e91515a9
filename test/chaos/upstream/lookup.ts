import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import pMap from "p-map";
import { Cloud } from "../../../local/cloud.ts";
import { startEnosSimulator } from "../../../local/enos/simulator.ts";
import { taskEvent } from "../../../local/harness/api-event.ts";
import { unpack } from "../../../local/harness/artefact.ts";
import { canaryKeys } from "../../../local/harness/canary.ts";
import { LambdaProcess } from "../../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../../local/template.ts";
import { ENDED } from "../../support/scene.ts";
import { type Cell, type Expected, strike, type Victim } from "./cells.ts";
import { Gateway } from "./gateway.ts";
import type { Trial } from "./trial.ts";

const CHANNEL = "ch-1";
const TASK = "t1";

/**
 * Tries all cells at once with one packaged lookup function, each with an organisation of its own: none of them may
 * delay or change another's answer.
 */
export async function lookUp(cells: Cell[]): Promise<Map<Cell, Trial>> {
  await using cloud = await Cloud.start(tableFromSource());
  await using enos = await startEnosSimulator();
  await using status = await LambdaProcess.start(unpack("status"), cloud.env(enos.url));
  await using gateways = new AsyncDisposableStack();
  const prepare = async (
    cell: Cell,
    index: number,
  ): Promise<{ cell: Cell; victim: Victim; wrong: string[] }> => {
    const gateway = cell.gateway && gateways.use(await Gateway.start(enos.url));
    const orgId = `o${index}`;
    const keys = { ...canaryKeys(orgId), ...(gateway && { baseUrl: gateway.url }) };
    enos.putOrganisation({ orgId, accessKey: keys.accessKey, secretKey: keys.secretKey });
    enos.putTask({ orgId, channelId: CHANNEL, taskId: TASK, timeline: ENDED.succeeded });
    await cloud.putSecret(orgId, keys);
    const before = await ask(status, orgId, { status: 200, code: 0 });
    const wrong = before.differences.map((difference) => `before: ${difference}`);
    return { cell, victim: { orgId, keys, enos, cloud, gateway }, wrong };
  };
  // A few at a time: on a busy machine, Secrets Manager does not answer all first reads at once in time.
  const prepared = await pMap(cells, prepare, { concurrency: 6 });
  const trials = prepared.map(async ({ cell, victim, wrong }): Promise<[Cell, Trial]> => {
    const trial = await tryCell(cell, victim, status);
    return [cell, { ...trial, wrong: [...wrong, ...trial.wrong] }];
  });
  return new Map(await Promise.all(trials));
}

/** Makes one lookup during the fault, and one after it. */
async function tryCell(cell: Cell, victim: Victim, status: LambdaProcess): Promise<Trial> {
  const end = await strike(cell, victim);
  const during = await ask(status, victim.orgId, cell.lookup);
  await end();
  const after = await ask(status, victim.orgId, { status: 200, code: 0 });
  const wrong = [
    ...during.differences.map((difference) => `lookup: ${difference}`),
    ...after.differences.map((difference) => `after: ${difference}`),
  ];
  return { came: `lookup ${during.came}`, times: 3, lost: 0, duplicated: 0, wrong };
}

async function ask(
  status: LambdaProcess,
  orgId: string,
  expected: Expected,
): Promise<{ came: string; differences: string[] }> {
  const event = taskEvent("status", { orgId, channelId: CHANNEL, taskId: TASK });
  const answer = await status.invoke<APIGatewayProxyStructuredResultV2>(event);
  const { code, data } = JSON.parse(answer.body ?? "{}");
  return { came: `${answer.statusCode} ${code}`, differences: differences(answer, code, data, expected) };
}

function differences(
  { statusCode, headers }: APIGatewayProxyStructuredResultV2,
  code: number,
  data: { state: string } | null,
  expected: Expected,
): string[] {
  const { status, retryAfter } = expected;
  const found: string[] = [];
  if (statusCode !== status || code !== expected.code) {
    found.push(`${statusCode} ${code}, not ${status} ${expected.code}`);
  }
  const state = status === 200 ? (expected.state ?? "succeeded") : undefined;
  if (data?.state !== state) found.push(`the state ${data?.state}, not ${state}`);
  const said = headers?.["retry-after"];
  // A date has whole seconds, and some of the time has passed when it is read.
  const seconds = said === undefined ? undefined : Number(said);
  const matches =
    retryAfter === undefined
      ? seconds === undefined
      : seconds !== undefined && seconds <= retryAfter && seconds >= retryAfter * 0.9;
  if (!matches) found.push(`Retry-After ${said}, not ${retryAfter}`);
  return found;
}
