import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Messaging, startMessaging } from "../../local/aws/messaging.ts";
import { type Loopback, listen } from "../../local/loopback.ts";
import { sweepNames } from "../../ops/redrive/redrive.ts";
import { packagedTemplate } from "../infra/template.ts";

const STAGE = "test";
const { functionName, queueName } = sweepNames(STAGE);
const AWS = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

let messaging: Messaging;
let lambda: Loopback;
let sqs: SQSClient;
let QueueUrl: string | undefined;
/** What the stand-in for Lambda was asked, and how it answers. */
let invocations: { path: string; payload: string }[];
let answer: (payload: string) => { functionError?: string; body: string };

beforeAll(async () => {
  messaging = await startMessaging();
  const server = createServer(async (request, response) => {
    const payload = await text(request);
    invocations.push({ path: request.url ?? "", payload });
    const { functionError, body } = answer(payload);
    if (functionError) response.setHeader("X-Amz-Function-Error", functionError);
    response.setHeader("Content-Type", "application/json").end(body);
  });
  lambda = await listen(server);
  sqs = new SQSClient({
    endpoint: messaging.url,
    region: AWS.AWS_REGION,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    useQueueUrlAsEndpoint: false,
  });
});
afterAll(async () => {
  sqs.destroy();
  await lambda[Symbol.asyncDispose]();
  await messaging.close();
});
beforeEach(async () => {
  ({ QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queueName })));
  invocations = [];
  answer = () => ({ body: '{"checked":3}' });
});

it("repeats a failed sweep with its event, and removes its record", async () => {
  await fail({ shards: [0, 3] });
  await fail({});
  const { code, output } = await runRedrive();
  expect(output).toContain("2 redriven, 0 left in the queue");
  expect(code).toBe(0);
  expect(new Set(invocations.map(({ path }) => path))).toEqual(
    new Set([`/2015-03-31/functions/${functionName}/invocations`]),
  );
  expect(invocations.map(({ payload }) => payload).sort()).toEqual(['{"shards":[0,3]}', "{}"]);
  expect(await waiting()).toBe(0);
});

it("keeps the record of a sweep that fails again, and continues with the others", async () => {
  answer = (payload) =>
    payload === "{}"
      ? { body: "{}" }
      : { functionError: "Unhandled", body: '{"errorMessage":"no such shard"}' };
  await fail({ shards: [99] });
  await fail({});
  const { code, output } = await runRedrive();
  expect(output).toContain("no such shard");
  expect(output).toContain("1 redriven, 1 left in the queue");
  expect(code).toBe(1);
  expect(invocations).toHaveLength(2);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
  expect(Messages?.[0]?.Body).toContain("99");
  answer = () => ({ body: "{}" });
  expect((await runRedrive()).output).toContain("1 redriven, 0 left in the queue");
});

it("keeps a message that is not a record, without an invocation", async () => {
  for (const MessageBody of ["not JSON", "[]", '{"requestContext":{}}']) {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  const { code, output } = await runRedrive();
  expect(output).toContain("0 redriven, 3 left in the queue");
  expect(code).toBe(1);
  expect(invocations).toEqual([]);
  expect(await waiting()).toBe(3);
});

it.each([
  [
    "there is no such stage",
    ["--stage", "nowhere"],
    {},
    /^there is no queue enos-download-status-nowhere-\S+ in eu-central-1: .*--stage/,
  ],
  [
    "SQS does not answer",
    [],
    { AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:1", AWS_MAX_ATTEMPTS: "1" },
    /ECONNREFUSED/,
  ],
  [
    "there are no credentials",
    [],
    {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_EC2_METADATA_DISABLED: "true",
      HOME: "/nonexistent",
    },
    /^no AWS credentials: set /,
  ],
])("says in one line that %s", async (_, args, env, line) => {
  const { code, output } = await runRedrive(args, env);
  expect(code).toBe(1);
  expect(output.trim().split("\n")).toEqual([expect.stringMatching(line)]);
});

it("determines the stage like other commands, and refuses if npm has consumed the option", async () => {
  const { code, output } = await runRedrive([], { npm_config_stage: "prod" });
  expect(output).toMatch(/^npm has taken --stage for an option of its own: write -- before it/);
  expect(code).toBe(2);
});

it("uses the deployed names of the function and the queue", async () => {
  const { Resources } = await packagedTemplate();
  expect(sweepNames("dev")).toEqual({
    functionName: Resources.SweepLambdaFunction?.Properties.FunctionName,
    queueName: Resources.SweepDeadLetters?.Properties.QueueName,
  });
});

/** Leaves what Lambda leaves of a sweep that failed. */
async function fail(requestPayload: object): Promise<void> {
  const record = {
    version: "1.0",
    timestamp: "2026-11-24T08:00:00.000Z",
    requestContext: {
      requestId: "e4b46cbf-b738-4880-8cb3-5ed1e0e2a9a2",
      functionArn: `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}:$LATEST`,
      condition: "RetriesExhausted",
      approximateInvokeCount: 1,
    },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: { errorType: "Error", errorMessage: "nothing could be done" },
  };
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(record) }));
}

async function waiting(): Promise<number> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return (
    Number(Attributes?.ApproximateNumberOfMessages) +
    Number(Attributes?.ApproximateNumberOfMessagesNotVisible)
  );
}

/** The documented command, pointed at the stand-ins by the SDK's own variables. */
async function runRedrive(
  args = ["--stage", STAGE],
  more: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const env = {
    ...AWS,
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL_SQS: messaging.url,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    ...more,
  };
  const script = new URL("../../ops/redrive/main.ts", import.meta.url).pathname;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { env });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}
