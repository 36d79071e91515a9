import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { BulkOutcome } from "../../lib/http/bulk.ts";
import { Cloud } from "../../local/cloud.ts";
import { apiEvent, withBody } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import type { AwsCall } from "../../local/harness/aws-call.ts";
import { AwsProxy } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { breaches } from "../docs/contract.ts";

// The packaged function, with faults of DynamoDB.

let cloud: Cloud;
let proxy: AwsProxy;
let track: LambdaProcess;
const ORG = "o1";

beforeAll(async () => {
  cloud = await Cloud.start(tableFromSource());
  await cloud.putSecret(ORG, { accessKey: "an-access-key", secretKey: "example-secret-key" });
  proxy = await AwsProxy.start(cloud.urls);
  track = await LambdaProcess.start(unpack("track"), { ...cloud.env("http://127.0.0.1:9"), ...proxy.env });
});

afterAll(async () => {
  await track[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await cloud.close();
});

beforeEach(() => proxy.clear());

async function send(names: string[], timeoutMs = 10_000) {
  const body = { tasks: names.map((taskId) => ({ channelId: "ch-1", taskId })) };
  const event = withBody(apiEvent("bulk", `orgId=${ORG}`), body);
  const answer = await track.invoke<APIGatewayProxyStructuredResultV2>(event, timeoutMs);
  const { statusCode = 0, headers = {} } = answer;
  expect(breaches("POST /tracked-tasks", { status: statusCode, headers, body: answer.body })).toEqual([]);
  expect(statusCode).toBe(207);
  const { data } = JSON.parse(answer.body ?? "") as { data: { outcomes: BulkOutcome[]; failed: number } };
  return { ...data, headers };
}

const puts = (call: AwsCall, ...names: string[]) =>
  call.action === "PutItem" && names.some((name) => JSON.stringify(call.input).includes(`"ch-1#${name}"`));

test("every task is tracked even if the table throttles", async () => {
  const throttled = {
    kind: "refuse",
    httpStatus: 400,
    code: "ProvisionedThroughputExceededException",
  } as const;
  const names = Array.from({ length: 30 }, (_, index) => `throttled-${index}`);
  // Each put is throttled twice. With random faults, one task might need more time than there is.
  for (const name of names) proxy.add({ matches: (call) => puts(call, name), fate: throttled, times: 2 });
  const { outcomes, failed } = await send(names);
  expect(failed).toBe(0);
  expect(outcomes.map(({ status, taskId }) => [status, taskId])).toEqual(names.map((name) => [201, name]));
});

test("tasks that cannot be put in time are reported as unknown, and the others are tracked", async () => {
  proxy.add(
    {
      matches: (call) => puts(call, "throttled"),
      fate: { kind: "refuse", httpStatus: 400, code: "ThrottlingException" },
    },
    { matches: (call) => puts(call, "hangs"), fate: { kind: "hang" } },
    {
      matches: (call) => puts(call, "broken"),
      fate: { kind: "refuse", httpStatus: 500, code: "InternalServerError" },
    },
  );
  const { outcomes, failed, headers } = await send(["throttled", "hangs", "fine", "broken"], 4_000);
  expect(outcomes.map(({ status, record }) => [status, record?.taskId])).toEqual([
    [503, undefined],
    [503, undefined],
    [201, "fine"],
    [503, undefined],
  ]);
  expect([failed, headers["retry-after"]]).toEqual([3, "5"]);

  // Sent again once the table works, all of them are tracked, whether they were tracked before or not.
  proxy.clear();
  const again = await send(["throttled", "hangs", "fine", "broken"]);
  expect(again.failed).toBe(0);
});

test("a lost answer does not start tracking twice", async () => {
  proxy.add({ matches: (call) => puts(call, "lost"), fate: { kind: "lose-answer" }, times: 1 });
  const { outcomes, failed } = await send(["lost"]);
  expect(failed).toBe(0);
  expect(outcomes[0]?.record).toMatchObject({ taskId: "lost", state: "pending" });
});

test("a permanent refusal is an internal error, without details and without a retry", async () => {
  const fate = { kind: "refuse", httpStatus: 400, code: "AccessDeniedException" } as const;
  proxy.add({ matches: (call) => puts(call, "denied"), fate });
  const { outcomes, headers } = await send(["denied", "well"]);
  expect(outcomes.map(({ status, msg }) => [status, msg])).toEqual([
    [500, "internal error"],
    [201, "success"],
  ]);
  expect(headers).not.toHaveProperty("retry-after");
});
