import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { json } from "node:stream/consumers";
import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { SFNClient } from "@aws-sdk/client-sfn";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { StateMachine } from "aws-local-stepfunctions";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type TrackerRequest, handlerOf as trackerOf } from "../../examples/step-functions/tracker.ts";
import { Waiting } from "../../examples/step-functions/waiting.ts";
import { handlerOf as wakerOf } from "../../examples/step-functions/waker.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { EventSource } from "../../local/aws/event-source.ts";
import { type Loopback, listen } from "../../local/loopback.ts";
import { Api } from "../../ops/tasks/api.ts";
import { signerOf } from "../../ops/tasks/signer.ts";
import { newTask, type ServiceUnderTest, startService } from "../e2e/service.ts";

// The definitions are run as they are by an interpreter of the States Language, which also validates them; the
// functions are the example's, the service is the local one, and what SendTaskSuccess does is played here.

/** What lets an execution go on. */
type Output = Record<string, string | number | null>;

/** Step Functions' side of task tokens. */
class TaskTokens implements AsyncDisposable {
  readonly #waiting = new Map<string, (output: Output) => void>();
  readonly url: string;
  readonly #loopback: Loopback;
  /** Answers that came for nobody. */
  late = 0;

  private constructor(server: Server, loopback: Loopback) {
    this.#loopback = loopback;
    this.url = loopback.url;
    server.on("request", async (request, response) => {
      const { taskToken, output } = (await json(request)) as { taskToken: string; output: string };
      const resolve = this.#waiting.get(taskToken);
      this.#waiting.delete(taskToken);
      if (!resolve) this.late++;
      resolve?.(JSON.parse(output));
      response.writeHead(resolve ? 200 : 400, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify(resolve ? {} : { __type: "TaskTimedOut", message: "it is over" }));
    });
  }

  static async start(): Promise<TaskTokens> {
    const server = createServer();
    return new TaskTokens(server, await listen(server));
  }

  /** The output with which somebody answers. */
  output(token: string): Promise<Output> {
    return new Promise((resolve) => this.#waiting.set(token, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }
}

const definition = async (name: string) =>
  JSON.parse(await readFile(`examples/step-functions/${name}.asl.json`, "utf8"));

const closers = new AsyncDisposableStack();
let running: ServiceUnderTest;
let lambda: LambdaClient;
let tokens: TaskTokens;
let tracker: (request: TrackerRequest) => Promise<void>;
let waker: ReturnType<typeof wakerOf>;
let orgId: string;

beforeAll(async () => {
  running = closers.use(await startService());
  tokens = closers.use(await TaskTokens.start());
  orgId = await running.organisation();
  const { cloud, functions, awsUrl } = running.service;
  await cloud.dynamodb.send(
    new CreateTableCommand({
      TableName: "download-waiting",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["task", "execution"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S",
      })),
      KeySchema: [
        { AttributeName: "task", KeyType: "HASH" },
        { AttributeName: "execution", KeyType: "RANGE" },
      ],
    }),
  );
  const common = {
    region: "eu-central-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
  lambda = new LambdaClient({ ...common, endpoint: awsUrl });
  const sfn = new SFNClient({ ...common, endpoint: tokens.url });
  closers.defer(() => {
    lambda.destroy();
    sfn.destroy();
  });
  const waiting = new Waiting(DynamoDBDocumentClient.from(cloud.dynamodb), "download-waiting");
  const url = new URL(functions.url);
  const api = new Api(url, signerOf(url, { jwt: undefined, region: undefined }));
  tracker = trackerOf({ waiting, sfn, api });
  waker = wakerOf({ waiting, sfn });
}, 120_000);
afterAll(() => closers.disposeAsync());
afterEach(() => vi.restoreAllMocks());

async function sweep(payload: object): Promise<SweepSummary> {
  const invoke = new InvokeCommand({
    FunctionName: "enos-download-status-dev-sweep",
    Payload: JSON.stringify(payload),
  });
  const { Payload } = await lambda.send(invoke);
  return JSON.parse(Buffer.from(Payload ?? []).toString());
}

/** What a state hands to the integration with Lambda. */
interface Invocation<Request> {
  FunctionName: string;
  Payload: Request;
}

let executions = 0;

/** An execution that is under way. @param onTracked called when the task is tracked, at each attempt */
async function execute(
  task: TaskKey,
  { onTracked = () => {}, timeoutSeconds }: { onTracked?: () => unknown; timeoutSeconds?: number } = {},
): Promise<unknown> {
  const machine = await definition("track-and-wait");
  if (timeoutSeconds) machine.States["Track and wait"].TimeoutSeconds = timeoutSeconds;
  const id = `execution-${++executions}`;
  let attempts = 0;
  const { result } = new StateMachine(machine).run(
    { task: { ...task } },
    {
      // The interpreter's context is the same at each attempt, where Step Functions makes new tokens.
      context: { Execution: { Id: id }, Task: { Token: id } },
      overrides: {
        taskResourceLocalHandlers: {
          "Track and wait": async (invocation) => {
            const { FunctionName, Payload } = invocation as unknown as Invocation<TrackerRequest>;
            expect(FunctionName).toBe("download-tracker");
            const taskToken = `${Payload.taskToken}-${++attempts}`;
            const output = tokens.output(taskToken);
            await tracker({ ...Payload, taskToken });
            await onTracked();
            return output;
          },
        },
      },
    },
  );
  return result;
}

describe("track-and-wait", () => {
  /** The waker behind its queue. */
  async function wakes(): Promise<AsyncDisposable> {
    const { cloud } = running.service;
    const { queueUrl } = await cloud.subscribe(`waker-${executions}`, { orgId: [orgId] });
    const onTrouble = (text: string) => {
      throw new Error(text);
    };
    return new EventSource({ sqs: cloud.sqs, queueUrl, concurrency: 1, invoke: waker, onTrouble });
  }

  it("continues when the event arrives: with the file if there is one, otherwise it fails", async () => {
    await using _ = await wakes();
    const url = "http://files.enos.example/a.zip";
    const good = newTask(running.enos, orgId, [
      { afterMs: 0, progressCode: 3, downloadUrl: url, dataSize: 42 },
    ]);
    const bad = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 2 }]);
    // Two wait for one task.
    let tracked = 0;
    const onTracked = () => ++tracked === 3 && sweep({});
    const outcomes = await Promise.allSettled([good, good, bad].map((task) => execute(task, { onTracked })));
    const file = { task: good, end: { state: "succeeded", downloadUrl: url, dataSize: 42, reason: null } };
    const noFile = expect.objectContaining({ name: "NoFile", message: "failed" });
    expect(outcomes).toEqual([
      { status: "fulfilled", value: file },
      { status: "fulfilled", value: file },
      { status: "rejected", reason: expect.objectContaining({ cause: noFile }) },
    ]);
  });

  it("continues at once for a task that has already ended", async () => {
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 3 }]);
    await running.service.client.track(task);
    await sweep({});
    expect(await execute(task)).toMatchObject({ task, end: { state: "succeeded" } });
  });

  it("finds out in its next attempt if the event was lost", async () => {
    // There is no waker.
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 3 }]);
    let attempts = 0;
    const onTracked = () => ++attempts === 1 && sweep({});
    expect(await execute(task, { onTracked, timeoutSeconds: 2 })).toMatchObject({
      end: { state: "succeeded" },
    });
    expect(attempts).toBe(2);
  });

  it("is woken once by a duplicate event, and not by a late one", async () => {
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 3 }]);
    const queue = await running.service.cloud.subscribe("twice", { orgId: [orgId] });
    const executed = execute(task, { onTracked: () => sweep({}) });
    const [message] = await queue.poll(20);
    vi.spyOn(console, "error").mockReturnValue(undefined);
    const record = { messageId: "m1", body: JSON.stringify(message?.body) };
    for (const Records of [[record], [record], [{ ...record, body: "no event" }]]) {
      const failed = Records[0]?.body === "no event" ? [{ itemIdentifier: "m1" }] : [];
      expect(await waker({ Records } as never)).toEqual({ batchItemFailures: failed });
    }
    await executed;
    const late = tokens.late;
    await tracker({ task, execution: "over", taskToken: "nobody-waits-any-more" });
    expect(tokens.late).toBe(late + 1);
  });
});

it("sweep-shards sweeps each group until it is done", async () => {
  for (let count = 0; count < 12; count++) {
    const task = newTask(running.enos, orgId, [{ afterMs: 0, progressCode: 3 }]);
    await running.service.client.track(task);
  }
  const swept: number[][] = [];
  const { result } = new StateMachine(await definition("sweep-shards")).run(
    { groups: [{ shards: [0, 1] }, { shards: [2, 3] }] },
    {
      overrides: {
        waitTimeOverrides: { Pause: 0 },
        taskResourceLocalHandlers: {
          Sweep: async (invocation) => {
            const { FunctionName, Payload } = invocation as unknown as Invocation<{ shards: number[] }>;
            expect(FunctionName).toBe("enos-download-status-prod-sweep");
            const isFirst = swept.push(Payload.shards) === 1;
            const summary = await sweep(Payload);
            expect(summary.shards.sort()).toEqual(Payload.shards);
            // As if the first had not had the time.
            return {
              StatusCode: 200,
              Payload: { ...summary, ...(isFirst && { ended: "out-of-time" }) },
            };
          },
        },
      },
    },
  );
  const groups = (await result) as { ended: string; held: number[]; published: number }[];
  expect(groups.map(({ ended }) => ended)).toEqual(["done", "done"]);
  expect(groups.map(({ held }) => held.sort())).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(swept).toHaveLength(3);
  const { envelope } = await running.service.client.list({ orgId, state: "pending" });
  expect(envelope?.data.tasks).toEqual([]);
});
