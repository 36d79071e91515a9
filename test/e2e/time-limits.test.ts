import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { apiEvent, taskEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { AwsProxy } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";

// The packaged functions while a service that they need does not answer, with less time than its timeout.

const TASK = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const TIME_MS = 2_000;

const parts = new AsyncDisposableStack();
let enos: EnosSimulator;
let proxy: AwsProxy;
let status: LambdaProcess;
let track: LambdaProcess;

beforeAll(async () => {
  const cloud = parts.use(await Cloud.start(tableFromSource()));
  enos = await startEnosSimulator();
  parts.defer(() => enos.close());
  const keys = { accessKey: "an-access-key", secretKey: "example-secret-key" };
  enos.putOrganisation({ orgId: TASK.orgId, ...keys });
  enos.putTask({ ...TASK, timeline: [{ afterMs: 0, progressCode: 1 }] });
  await cloud.putSecret(TASK.orgId, keys);
  proxy = parts.use(await AwsProxy.start(cloud.urls));
  const env = { ...cloud.env(enos.url), ...proxy.env };
  status = parts.use(await LambdaProcess.start(unpack("status"), env));
  track = parts.use(await LambdaProcess.start(unpack("track"), env));
});

beforeEach(() => {
  proxy.clear();
  enos.clearFaults();
});

afterAll(() => parts.disposeAsync());

/** The answer. Code 99503 is that of a function that answers because its time is nearly over. */
async function answerOf(
  lambda: LambdaProcess,
  event: unknown,
): Promise<[statusCode: number | undefined, code: number]> {
  const { statusCode, body = "{}" } = await lambda.invoke<APIGatewayProxyStructuredResultV2>(event, TIME_MS);
  const { code } = JSON.parse(body);
  return [statusCode, code];
}

const ROUTES: [what: string, event: object][] = [
  ["a task's tracking", taskEvent("put", TASK)],
  ["a record", taskEvent("get", TASK)],
  ["the end of tracking", taskEvent("delete", TASK)],
  ["a list", apiEvent("list", `orgId=${TASK.orgId}`)],
];

test.each(ROUTES)(
  "%s is answered in the envelope while DynamoDB hangs, and as usual after that",
  async (_, event) => {
    proxy.add({ matches: ({ service }) => service === "dynamodb", fate: { kind: "hang" } });
    expect(await answerOf(track, event)).toEqual([503, 99503]);
    proxy.clear();
    await track.invoke(taskEvent("put", TASK), 10_000);
    const { statusCode } = await track.invoke<APIGatewayProxyStructuredResultV2>(event, 10_000);
    expect([200, 201, 204]).toContain(statusCode);
  },
);

test("a task is tracked while Secrets Manager is unavailable", async () => {
  const fates = [
    { kind: "refuse", httpStatus: 500, code: "InternalServiceError" },
    { kind: "hang" },
  ] as const;
  for (const [index, fate] of fates.entries()) {
    proxy.clear();
    proxy.add({ matches: ({ service }) => service === "secretsmanager", fate });
    const task = { ...TASK, orgId: `o-out-${index}` };
    const answer = await track.invoke<APIGatewayProxyStructuredResultV2>(taskEvent("put", task), 10_000);
    expect(answer.statusCode).toBe(201);
  }
  expect(track.output).toContain("secret cannot be looked up");
});

test("a lookup is answered in the envelope while EnOS hangs, and while Secrets Manager does", async () => {
  enos.addFault({ kind: "hang", endpoint: "status" });
  expect(await answerOf(status, taskEvent("status", TASK))).toEqual([503, 99503]);
  enos.clearFaults();
  proxy.add({ matches: ({ service }) => service === "secretsmanager", fate: { kind: "hang" } });
  const other = { ...TASK, orgId: "o-not-read-yet" };
  expect(await answerOf(status, taskEvent("status", other))).toEqual([503, 99503]);
});
