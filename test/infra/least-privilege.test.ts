import { beforeAll, describe, expect, it } from "vitest";
import { FUNCTIONS, type FunctionName } from "../../lib/settings.ts";
import { Roles } from "./iam.ts";
import { packagedTemplate } from "./template.ts";

let roles: Roles;
beforeAll(async () => {
  roles = new Roles(await packagedTemplate());
});

/** Names for what the lists below are about, as ARNs of the packaged template. */
const resources = {
  table: () => roles.arn("TrackedTasksTable"),
  index: () => `${roles.arn("TrackedTasksTable")}/index/open-tasks`,
  "the index of ended tasks": () => `${roles.arn("TrackedTasksTable")}/index/ended-tasks`,
  "another table": () => roles.arn("TrackedTasksTable").replace(/\/[^/]+$/, "/invoices"),
  topic: () => roles.arn("EventsTopic"),
  "another topic": () => `${roles.arn("EventsTopic")}-2`,
  "dead letters": () => roles.arn("SweepDeadLetters"),
  "hint queue": () => roles.arn("HintQueue"),
  "hint dead letters": () => roles.arn("HintDeadLetters"),
  "callback key": () => roles.arn("CallbackKey"),
  secret: () => roles.secretArn("enos/o15504722874071"),
  "another prefix's secret": () => roles.secretArn("payroll/o15504722874071"),
  "a secret that only contains the prefix": () => roles.secretArn("my/enos/o1"),
  "the status log": () => roles.arn("StatusLogGroup").replace(/\*$/, "log-stream:a"),
  "the track log": () => roles.arn("TrackLogGroup").replace(/\*$/, "log-stream:a"),
  "the sweep log": () => roles.arn("SweepLogGroup").replace(/\*$/, "log-stream:a"),
  "the hint log": () => roles.arn("HintLogGroup").replace(/\*$/, "log-stream:a"),
  "the callback log": () => roles.arn("CallbackLogGroup").replace(/\*$/, "log-stream:a"),
  "the sweep function": () => roles.arn("SweepLambdaFunction"),
} as const;

type Call = [action: string, resource: keyof typeof resources];

const ALLOWED: Record<FunctionName, Call[]> = {
  status: [
    ["secretsmanager:GetSecretValue", "secret"],
    ["logs:PutLogEvents", "the status log"],
  ],
  track: [
    ["dynamodb:GetItem", "table"],
    ["dynamodb:PutItem", "table"],
    ["dynamodb:Query", "table"],
    ["dynamodb:Query", "the index of ended tasks"],
    ["secretsmanager:DescribeSecret", "secret"],
    ["logs:PutLogEvents", "the track log"],
  ],
  sweep: [
    ["secretsmanager:GetSecretValue", "secret"],
    ["dynamodb:GetItem", "table"],
    ["dynamodb:UpdateItem", "table"],
    ["dynamodb:Query", "table"],
    ["dynamodb:Query", "index"],
    ["sns:Publish", "topic"],
    ["sqs:SendMessage", "dead letters"],
    ["logs:PutLogEvents", "the sweep log"],
  ],
  callback: [
    ["secretsmanager:GetSecretValue", "callback key"],
    ["sqs:SendMessage", "hint queue"],
    ["logs:PutLogEvents", "the callback log"],
  ],
  hint: [
    ["sqs:ReceiveMessage", "hint queue"],
    ["sqs:DeleteMessage", "hint queue"],
    ["sqs:GetQueueAttributes", "hint queue"],
    ["sqs:ChangeMessageVisibility", "hint queue"],
    ["secretsmanager:GetSecretValue", "secret"],
    ["dynamodb:GetItem", "table"],
    ["dynamodb:PutItem", "table"],
    ["dynamodb:UpdateItem", "table"],
    ["dynamodb:Query", "table"],
    ["sns:Publish", "topic"],
    ["logs:PutLogEvents", "the hint log"],
  ],
};

const DENIED: Record<FunctionName, Call[]> = {
  status: [
    ["secretsmanager:GetSecretValue", "callback key"],
    ["sqs:SendMessage", "hint queue"],
    ["dynamodb:GetItem", "table"],
    ["dynamodb:PutItem", "table"],
    ["dynamodb:Query", "table"],
    ["dynamodb:Query", "index"],
    ["dynamodb:Scan", "table"],
    ["sns:Publish", "topic"],
    ["sns:Subscribe", "topic"],
    ["sqs:SendMessage", "dead letters"],
    ["lambda:InvokeFunction", "the sweep function"],
  ],
  track: [
    ["secretsmanager:GetSecretValue", "callback key"],
    ["sqs:SendMessage", "hint queue"],
    ["secretsmanager:GetSecretValue", "secret"],
    ["dynamodb:Query", "index"],
    ["dynamodb:Scan", "table"],
    ["dynamodb:Scan", "index"],
    ["dynamodb:UpdateItem", "table"],
    ["dynamodb:DeleteItem", "table"],
    ["dynamodb:DeleteTable", "table"],
    ["dynamodb:GetItem", "another table"],
    ["sns:Publish", "topic"],
    ["sqs:SendMessage", "dead letters"],
    ["lambda:InvokeFunction", "the sweep function"],
  ],
  sweep: [
    ["dynamodb:DeleteTable", "table"],
    ["dynamodb:UpdateTable", "table"],
    ["dynamodb:DeleteItem", "table"],
    ["dynamodb:PutItem", "table"],
    ["dynamodb:Scan", "table"],
    ["dynamodb:Scan", "index"],
    ["dynamodb:Query", "the index of ended tasks"],
    ["dynamodb:UpdateItem", "another table"],
    ["sns:Publish", "another topic"],
    ["sns:Subscribe", "topic"],
    ["sns:DeleteTopic", "topic"],
    ["sqs:ReceiveMessage", "dead letters"],
    ["sqs:PurgeQueue", "dead letters"],
    ["lambda:InvokeFunction", "the sweep function"],
    ["secretsmanager:GetSecretValue", "callback key"],
    ["sqs:SendMessage", "hint queue"],
  ],
  callback: [
    ["secretsmanager:GetSecretValue", "secret"],
    ["secretsmanager:PutSecretValue", "callback key"],
    ["dynamodb:GetItem", "table"],
    ["dynamodb:PutItem", "table"],
    ["dynamodb:Query", "index"],
    ["sns:Publish", "topic"],
    ["sqs:ReceiveMessage", "hint queue"],
    ["sqs:DeleteMessage", "hint queue"],
    ["sqs:PurgeQueue", "hint queue"],
    ["sqs:SendMessage", "hint dead letters"],
    ["sqs:SendMessage", "dead letters"],
    ["lambda:InvokeFunction", "the sweep function"],
  ],
  hint: [
    ["secretsmanager:GetSecretValue", "callback key"],
    ["sqs:SendMessage", "hint queue"],
    ["sqs:PurgeQueue", "hint queue"],
    ["sqs:ReceiveMessage", "hint dead letters"],
    ["dynamodb:DeleteItem", "table"],
    ["dynamodb:Query", "index"],
    ["dynamodb:Query", "the index of ended tasks"],
    ["dynamodb:Scan", "table"],
    ["dynamodb:UpdateItem", "another table"],
    ["sns:Publish", "another topic"],
    ["sns:Subscribe", "topic"],
    ["lambda:InvokeFunction", "the sweep function"],
  ],
};

/** What none of them may do. */
const DENIED_TO_ALL: Call[] = [
  ["secretsmanager:GetSecretValue", "another prefix's secret"],
  ["secretsmanager:DescribeSecret", "another prefix's secret"],
  ["secretsmanager:GetSecretValue", "a secret that only contains the prefix"],
  ["secretsmanager:PutSecretValue", "secret"],
  ["secretsmanager:DeleteSecret", "secret"],
];

describe.each(FUNCTIONS)("the role of %s", (name) => {
  it.each(ALLOWED[name])("may %s on %s", async (action, resource) => {
    expect(await roles.isAllowed(name, action, resources[resource]())).toBe(true);
  });

  it.each([...DENIED[name], ...DENIED_TO_ALL])("must not %s on %s", async (action, resource) => {
    expect(await roles.isAllowed(name, action, resources[resource]())).toBe(false);
  });

  it("must not write the log of another", async () => {
    for (const other of FUNCTIONS.filter((other) => other !== name)) {
      expect(await roles.isAllowed(name, "logs:PutLogEvents", resources[`the ${other} log`]())).toBe(false);
    }
  });

  it("names every action, and every resource as far as it has a name", () => {
    for (const { Effect, Action, Resource } of roles.statementsOf(name)) {
      expect(Effect).toBe("Allow");
      for (const action of [Action].flat()) expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/);
      for (const resource of [Resource].flat()) {
        // A secret ends in six random characters, a log group in its streams.
        const named = resource.replace(/(:secret:enos\/|:log-group:\/aws\/lambda\/[a-z-]+:)\*$/, "$1");
        expect(named).toMatch(/^arn:aws:[a-z]+:eu-central-1:123456789012:[^*?]+$/);
      }
    }
  });
});

describe("the role of sweep, for items that are put or deleted whole,", () => {
  const mayWrite = (action: string, keys: string | string[]) =>
    roles.isAllowed("sweep", action, resources.table(), { "dynamodb:LeadingKeys": keys });

  it.each(["dynamodb:PutItem", "dynamodb:DeleteItem"])(
    "may %s of its own records and of no task",
    async (action) => {
      for (const own of ["#behind#0", "#behind#1023", "#health"])
        expect(await mayWrite(action, own)).toBe(true);
      for (const other of ["o15504722874071", "behind", "#shards", "#healthy", "x#health", "x#behind#0"]) {
        expect(await mayWrite(action, other), other).toBe(false);
      }
      // A batch is judged by all of its keys.
      expect(await mayWrite(action, ["#health", "o15504722874071"])).toBe(false);
      expect(await mayWrite(action, ["#health", "#behind#0"])).toBe(true);
    },
  );
});

it("gives each function a role of its own", () => {
  expect(new Set(FUNCTIONS.map((name) => roles.roleOf(name))).size).toBe(FUNCTIONS.length);
});
