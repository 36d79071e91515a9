import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { beforeAll, describe, expect, it } from "vitest";
import { hintMessage } from "../../lib/callbacks/hint.ts";
import { FUNCTIONS, type FunctionName } from "../../lib/settings.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { apiEvent, callbackEvent, hintEvent, taskEvent, withBody } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import type { AwsCall } from "../../local/harness/aws-call.ts";
import { AwsProxy } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { tableFromSource } from "../../local/template.ts";
import { ENDED, RUNNING } from "../support/scene.ts";
import { Roles } from "./iam.ts";
import { packagedTemplate } from "./template.ts";

// The emulators let anybody do anything: what a function does to them, its role must let it do to AWS.

const ORG = "o15504722874071";
const CHANNEL = "ch-1";

/** What each function is known to do, to whom: records of the service's own stand in the table under keys with `#`. */
const EXPECTED: Record<FunctionName, string[]> = {
  status: ["secretsmanager:GetSecretValue secret"],
  track: [
    "dynamodb:GetItem #shards",
    "dynamodb:GetItem tasks",
    "dynamodb:PutItem #shards",
    "dynamodb:PutItem tasks",
    "dynamodb:Query index of ended tasks",
    "dynamodb:Query tasks",
    "secretsmanager:DescribeSecret secret",
  ],
  sweep: [
    "dynamodb:DeleteItem #behind",
    "dynamodb:DeleteItem #health",
    "dynamodb:GetItem #shards",
    "dynamodb:GetItem tasks",
    "dynamodb:PutItem #behind",
    "dynamodb:PutItem #health",
    "dynamodb:Query #behind",
    "dynamodb:Query #health",
    "dynamodb:Query #shards",
    "dynamodb:Query index",
    "dynamodb:Query tasks",
    "dynamodb:UpdateItem #health",
    "dynamodb:UpdateItem #shards",
    "dynamodb:UpdateItem tasks",
    "secretsmanager:GetSecretValue secret",
    "sns:Publish topic",
  ],
  callback: ["secretsmanager:GetSecretValue callback key", "sqs:SendMessage hint queue"],
  hint: [
    "dynamodb:DeleteItem #health",
    "dynamodb:GetItem #behind",
    "dynamodb:GetItem #shards",
    "dynamodb:GetItem tasks",
    "dynamodb:PutItem #health",
    "dynamodb:PutItem tasks",
    "dynamodb:Query #health",
    "dynamodb:Query tasks",
    "dynamodb:UpdateItem #health",
    "dynamodb:UpdateItem tasks",
    "secretsmanager:GetSecretValue secret",
    "sns:Publish topic",
    "sqs:ChangeMessageVisibility hint queue",
  ],
};

const recorded: Record<FunctionName, AwsCall[]> = {
  status: [],
  track: [],
  sweep: [],
  callback: [],
  hint: [],
};
let roles: Roles;

beforeAll(async () => {
  await using cloud = await Cloud.start(tableFromSource());
  await using enos = await startEnosSimulator();
  await using functions = new AsyncDisposableStack();
  const start = async (name: FunctionName): Promise<LambdaProcess> => {
    const proxy = functions.use(await AwsProxy.start(cloud.urls));
    proxy.onCall = (call) => recorded[name].push(call);
    return functions.use(await LambdaProcess.start(unpack(name), { ...cloud.env(enos.url), ...proxy.env }));
  };
  const [, , , region = "", account = "", topic = ""] = cloud.topicArn.split(":");
  const names = {
    TrackedTasksTable: String(cloud.db.table),
    EventsTopic: topic,
    HintQueue: "hints",
    CallbackKey: "callback-key",
  };
  roles = new Roles(await packagedTemplate(), { region, account, names });
  await useEverything(cloud, enos, {
    status: await start("status"),
    track: await start("track"),
    sweep: await start("sweep"),
    callback: await start("callback"),
    hint: await start("hint"),
  });
});

/** Has an organisation that is stuck be probed with its next check. */
async function makeProbeDue(cloud: Cloud, orgId: string): Promise<void> {
  await cloud.dynamodb.send(
    new UpdateItemCommand({
      TableName: cloud.db.table,
      Key: { pk: { S: "#health" }, sk: { S: `org#${orgId}` } },
      UpdateExpression: "SET nextProbeAt = :now",
      ExpressionAttributeValues: { ":now": { N: String(Date.now()) } },
    }),
  );
}

/** Everything that the functions are there for, once at least. */
async function useEverything(
  cloud: Cloud,
  enos: EnosSimulator,
  { status, track, sweep, callback, hint }: Record<FunctionName, LambdaProcess>,
): Promise<void> {
  const keys = { accessKey: "an-access-key", secretKey: "example-secret-key" };
  enos.putOrganisation({ orgId: ORG, ...keys });
  await cloud.putSecret(ORG, keys);
  const task = (taskId: string, orgId = ORG): TaskKey => ({ orgId, channelId: CHANNEL, taskId });
  const timelines = { ended: ENDED.succeeded, running: RUNNING, deleted: RUNNING };
  for (const [taskId, timeline] of Object.entries(timelines)) {
    enos.putTask({ ...task(taskId), timeline: [...timeline] });
  }
  const answers = async (lambda: LambdaProcess, event: unknown, statusCode: number) => {
    const answer = await lambda.invoke<APIGatewayProxyStructuredResultV2>(event);
    expect(answer.statusCode).toBe(statusCode);
  };
  const stranger = task("ended", "o-unknown");

  await answers(status, taskEvent("status", task("ended")), 200);
  await answers(status, taskEvent("status", task("missing")), 404);
  await answers(status, taskEvent("status", stranger), 403);
  // Refused credentials are read afresh.
  enos.rotateCredentials(ORG, { accessKey: "a-new-access-key" });
  await cloud.putSecret(ORG, { ...keys, accessKey: "a-new-access-key" });
  await answers(status, taskEvent("status", task("ended")), 200);

  await answers(track, taskEvent("put", stranger), 403);
  // One whose secret is deleted later is checked like any other.
  const forsaken = task("ended", "o-forsaken");
  await cloud.putSecret(forsaken.orgId, keys);

  // Enough tasks that every shard has some: the first in a shard announces it.
  const many = Array.from({ length: 40 }, (_, index) => task(`unheard-of-${index}`));
  const tracked = [...["ended", "running", "deleted", "missing"].map((id) => task(id)), ...many, forsaken];
  for (const each of tracked) await answers(track, taskEvent("put", each), 201);
  await answers(track, taskEvent("put", task("ended")), 200);
  await answers(track, taskEvent("get", task("ended")), 200);
  await answers(track, taskEvent("delete", task("deleted")), 204);
  await answers(track, taskEvent("get", task("deleted")), 404);
  await answers(track, apiEvent("list", `orgId=${ORG}&limit=10`), 200);
  await answers(track, apiEvent("list", `orgId=${ORG}&state=pending`), 200);
  await answers(track, apiEvent("list", `orgId=${ORG}&finishedSince=2026-01-01T00:00:00Z`), 200);
  const bulk = { tasks: [{ channelId: CHANNEL, taskId: "ended" }] };
  await answers(track, withBody(apiEvent("bulk", `orgId=${ORG}`), bulk), 207);

  // One whose keys are refused is stuck, then probed in vain, then well again.
  const refused = { accessKey: "not-yet", secretKey: "example-secret-key" };
  enos.putOrganisation({
    orgId: "o-refused",
    accessKey: "another-access-key",
    secretKey: "example-secret-key",
  });
  await cloud.putSecret("o-refused", refused);
  // With a single task: another is looked for before it counts as stuck.
  enos.putTask({ ...task("only", "o-refused"), timeline: [...RUNNING] });
  await answers(track, taskEvent("put", task("only", "o-refused")), 201);

  await cloud.secrets.send(new DeleteSecretCommand({ SecretId: `enos/${forsaken.orgId}` }));
  expect(await sweep.invoke<SweepSummary>({})).toMatchObject({
    published: 1,
    finished: { succeeded: 1 },
    stuck: { credentials: 1, "unknown-organisation": 1 },
    ended: "done",
  });
  await makeProbeDue(cloud, "o-refused");
  expect((await sweep.invoke<SweepSummary>({})).failed).toMatchObject({ credentials: 1 });
  await cloud.putSecret("o-refused", { ...refused, accessKey: "another-access-key" });
  expect((await sweep.invoke<SweepSummary>({})).stuck).not.toHaveProperty("credentials");
  // What has caught up is forgotten by the sweep after.
  expect((await sweep.invoke<SweepSummary>({})).behind).not.toHaveProperty("credentials");
  const { body = "" } = await track.invoke<APIGatewayProxyStructuredResultV2>(
    taskEvent("get", task("running")),
  );
  expect(JSON.parse(body).data.state).toBe("running");

  const given = await callback.invoke<APIGatewayProxyStructuredResultV2>(
    apiEvent("callbackUrl", `orgId=${ORG}`, { channelId: CHANNEL }),
  );
  const token = JSON.parse(given.body ?? "")
    .data.callbackUrl.split("/")
    .at(-1);
  await answers(callback, callbackEvent(token, { id: "ended", returnCode: "0" }), 202);
  await answers(callback, callbackEvent("forged", { id: "ended" }), 404);

  const hinted = (...tasks: TaskKey[]) => hint.invoke(hintEvent(...tasks.map(hintMessage)));
  enos.putTask({ ...task("not-tracked"), timeline: [...ENDED.failed] });
  await hinted(task("running"), task("not-tracked"), task("nobody"));
  // One whose keys are refused, as above.
  enos.putOrganisation({
    orgId: "o-hinted",
    accessKey: "a-third-access-key",
    secretKey: "example-secret-key",
  });
  await cloud.putSecret("o-hinted", refused);
  await hinted(task("one", "o-hinted"));
  await makeProbeDue(cloud, "o-hinted");
  await cloud.putSecret("o-hinted", { ...refused, accessKey: "a-third-access-key" });
  await hinted(task("one", "o-hinted"));
}

describe.each(FUNCTIONS)("%s", (name) => {
  it("may make all of its calls to AWS", async () => {
    const denied: string[] = [];
    for (const { action, resource, partition } of calls(name)) {
      const context: Record<string, string> =
        partition === undefined ? {} : { "dynamodb:LeadingKeys": partition };
      if (!(await roles.isAllowed(name, action, resource, context))) denied.push(`${action} ${resource}`);
    }
    expect(denied).toEqual([]);
  });

  it("makes the expected calls, and no others", () => {
    const done = calls(name).map((call) => `${call.action} ${kindOf(call)}`);
    expect([...new Set(done)].sort()).toEqual(EXPECTED[name]);
  });
});

/** A call, as IAM judges it. */
interface Judged {
  action: string;
  resource: string;
  /** The key of the table's items that it is about, where it is about any. */
  partition: string | undefined;
}

/** The different calls that a function made. */
function calls(name: FunctionName): Judged[] {
  const different = new Map<string, Judged>();
  for (const { service, action, resource, input } of recorded[name]) {
    // A batch is as many publications to IAM, which has no action for it.
    const permission = action === "PublishBatch" ? "Publish" : action;
    const partition = input.IndexName === undefined ? partitionOf(input) : undefined;
    const call = { action: `${service}:${permission}`, resource, partition };
    different.set(JSON.stringify(call), call);
  }
  return [...different.values()];
}

/** The partition key that a request to DynamoDB names; undefined for any other. */
function partitionOf(input: Record<string, unknown>): string | undefined {
  const { pk } = (input.Key ?? input.Item ?? {}) as Record<string, { S?: string }>;
  if (pk || input.KeyConditionExpression === undefined) return pk?.S;
  const [, name = ""] = /\bpk = (:\w+)/.exec(String(input.KeyConditionExpression)) ?? [];
  return (input.ExpressionAttributeValues as Record<string, { S?: string }>)[name]?.S;
}

function kindOf({ resource, partition }: Judged): string {
  if (resource === roles.arn("TrackedTasksTable")) {
    return /^#[a-z]+/.exec(partition ?? "")?.[0] ?? "tasks";
  }
  if (resource === `${roles.arn("TrackedTasksTable")}/index/open-tasks`) return "index";
  if (resource === `${roles.arn("TrackedTasksTable")}/index/ended-tasks`) return "index of ended tasks";
  if (resource === roles.arn("EventsTopic")) return "topic";
  if (resource === roles.arn("HintQueue")) return "hint queue";
  if (/:secret:callback-key-\w{6}$/.test(resource)) return "callback key";
  if (/:secret:enos\/[A-Za-z0-9_-]+$/.test(resource)) return "secret";
  return resource;
}
