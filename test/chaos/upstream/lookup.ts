import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
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
 * Every cell at once against one packaged lookup function, each with an organisation of its own: so none of them
 * may hold up, or spoil, another's answer.
 */
export async function lookUp(cells: Cell[]): Promise<Map<Cell, Trial>> {
  await using cloud = await Cloud.start(tableFromSource());
  await using enos = await startEnosSimulator();
  await using status = await LambdaProcess.start(unpack("status"), cloud.env(enos.url));
  const trials = await Promise.all(
    cells.map(async (cell, index): Promise<[Cell, Trial]> => {
      await using gateway = cell.gateway && (await Gateway.start(enos.url));
      const orgId = `o${index}`;
      const keys = {
        ...canaryKeys(orgId),
        ...(gateway && { baseUrl: gateway.url }),
      };
      enos.putOrganisation({ orgId, accessKey: keys.accessKey, secretKey: keys.secretKey });
      enos.putTask({ orgId, channelId: CHANNEL, taskId: TASK, timeline: ENDED.succeeded });
      await cloud.putSecret(orgId, keys);
      return [cell, await tryCell(cell, { orgId, keys, enos, cloud, gateway }, status)];
    }),
  );
  return new Map(trials);
}

/** Before, during and after the fault. */
async function tryCell(cell: Cell, victim: Victim, status: LambdaProcess): Promise<Trial> {
  const wrong: string[] = [];
  const event = taskEvent("status", { orgId: victim.orgId, channelId: CHANNEL, taskId: TASK });
  const ask = async (when: string, expected: Expected) => {
    const answer = await status.invoke<APIGatewayProxyStructuredResultV2>(event);
    const { code, data } = JSON.parse(answer.body ?? "{}");
    wrong.push(...differences(answer, code, data, expected).map((difference) => `${when}: ${difference}`));
    return `${answer.statusCode} ${code}`;
  };
  await ask("before", { status: 200, code: 0 });
  const end = await strike(cell, victim);
  const came = await ask("lookup", cell.lookup);
  await end();
  await ask("after", { status: 200, code: 0 });
  return { came: `lookup ${came}`, times: 3, lost: 0, duplicated: 0, wrong };
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
  // A date has whole seconds, and some of the time is over when it is read.
  const seconds = said === undefined ? undefined : Number(said);
  const matches =
    retryAfter === undefined
      ? seconds === undefined
      : seconds !== undefined && seconds <= retryAfter && seconds >= retryAfter * 0.9;
  if (!matches) found.push(`Retry-After ${said}, not ${retryAfter}`);
  return found;
}
