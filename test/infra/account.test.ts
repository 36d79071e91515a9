import { beforeAll, describe, expect, it } from "vitest";
import { type AccountRules, applyAccountRules } from "../../infra/account.ts";
import { FUNCTIONS, type FunctionName } from "../../lib/settings.ts";
import { resourceType } from "./cloudformation/specification.ts";
import { Roles } from "./iam.ts";
import { packagedTemplate, resourcesOf, type Template } from "./template.ts";

const KEY = "arn:aws:kms:eu-central-1:123456789012:key";
const OTHER_KEY = `${KEY}/other`;
const BOUNDARY = "arn:aws:iam::123456789012:policy/developers";

const NOTHING: AccountRules = {
  vpc: undefined,
  tracing: false,
  permissionsBoundary: undefined,
  tags: {},
  logRetentionDays: 30,
  keys: { secrets: undefined, events: undefined, table: undefined },
};
const EVERYTHING: AccountRules = {
  vpc: { subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
  tracing: true,
  permissionsBoundary: BOUNDARY,
  tags: { team: "data platform", stage: "prod" },
  logRetentionDays: 365,
  keys: { secrets: `${KEY}/secrets`, events: `${KEY}/events`, table: `${KEY}/table` },
};

let packaged: Template;
let template: Template;
let roles: Roles;
beforeAll(async () => {
  packaged = await packagedTemplate();
  template = under(EVERYTHING);
  roles = new Roles(template);
});

function under(rules: AccountRules): Template {
  const copy = structuredClone(packaged);
  applyAccountRules(copy, rules);
  return copy;
}

it("without a rule, the template is unchanged", () => {
  expect(under(NOTHING)).toEqual(packaged);
});

describe("every resource of a type", () => {
  it.each([
    ["AWS::IAM::Role", { PermissionsBoundary: BOUNDARY }],
    ["AWS::Logs::LogGroup", { RetentionInDays: 365 }],
    [
      "AWS::Lambda::Function",
      {
        VpcConfig: { SubnetIds: ["subnet-0a1b2c3d"], SecurityGroupIds: ["sg-0a1b2c3d"] },
        TracingConfig: { Mode: "Active" },
      },
    ],
    ["AWS::SNS::Topic", { KmsMasterKeyId: `${KEY}/events` }],
    ["AWS::SecretsManager::Secret", { KmsKeyId: `${KEY}/secrets` }],
    [
      "AWS::DynamoDB::Table",
      { SSESpecification: { SSEEnabled: true, SSEType: "KMS", KMSMasterKeyId: `${KEY}/table` } },
    ],
  ])("%s is under the rule for it", (type, properties) => {
    const resources = resourcesOf(template, type);
    expect(resources.length).toBeGreaterThan(0);
    for (const [id, { Properties }] of resources) expect(Properties, id).toMatchObject(properties);
  });

  it("has the tags if it supports them", () => {
    const list = [
      { Key: "team", Value: "data platform" },
      { Key: "stage", Value: "prod" },
    ];
    const asList = (tags: object = []) =>
      Array.isArray(tags) ? tags : Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    let tagged = 0;
    for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
      const canHave = resourceType(Type)?.tagInformation !== undefined;
      expect(asList(Properties?.Tags), id).toEqual(canHave ? list : []);
      if (canHave) tagged++;
    }
    expect(tagged).toBeGreaterThan(20);
  });
});

it("the roles are outputs, for use in key policies", () => {
  const outputs = Object.values(template.Outputs).map(({ Value }) => JSON.stringify(Value));
  for (const name of FUNCTIONS) {
    expect(outputs).toContain(JSON.stringify({ "Fn::GetAtt": [roles.roleOf(name), "Arn"] }));
  }
});

const NETWORK = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];
const TRACES = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];

/** What an action is done to; EC2 and X-Ray have nothing to name. */
const targetOf = (action: string) =>
  /^ec2:(Create|Delete|Assign|Unassign)/.test(action)
    ? "arn:aws:ec2:eu-central-1:123456789012:network-interface/eni-1"
    : "*";

describe.each(FUNCTIONS)("the role of %s", (name) => {
  const inFunction = {
    "lambda:SourceFunctionArn": `arn:aws:lambda:eu-central-1:123456789012:function:enos-download-status-dev-${name}`,
  };

  it.each(NETWORK)("may %s for Lambda, and not for the function's own code", async (action) => {
    expect(await roles.isAllowed(name, action, targetOf(action))).toBe(true);
    expect(await roles.isAllowed(name, action, targetOf(action), inFunction)).toBe(false);
    expect(await new Roles(packaged).isAllowed(name, action, targetOf(action))).toBe(false);
  });

  it.each(TRACES)("may %s with tracing only", async (action) => {
    expect(await roles.isAllowed(name, action, "*", inFunction)).toBe(true);
    expect(await new Roles(packaged).isAllowed(name, action, "*", inFunction)).toBe(false);
  });

  it("may do nothing more than that, and use keys", () => {
    const before = new Roles(packaged).statementsOf(name);
    const added = roles.statementsOf(name).slice(before.length);
    const sids = added.map(({ Sid }) => Sid);
    const keys = USES[name].map((kind) => `${kind}Key`);
    expect(sids).toEqual(["NetworkInterfaces", "NetworkInterfacesAreLambdas", "Traces", ...keys]);
    for (const { Action } of added) for (const action of [Action].flat()) expect(action).not.toContain("*");
  });
});

/** Which keys a function uses. */
const USES: Record<FunctionName, ("Secrets" | "Table" | "Events")[]> = {
  status: ["Secrets"],
  track: ["Table"],
  sweep: ["Secrets", "Table", "Events"],
  callback: ["Secrets"],
  hint: ["Secrets", "Table", "Events"],
};

describe.each(FUNCTIONS)("for %s, a key", (name) => {
  const through = (service: string, context: string, value: string) => ({
    "kms:ViaService": `${service}.eu-central-1.amazonaws.com`,
    [`kms:EncryptionContext:${context}`]: value,
  });
  const secret = (id: string) => through("secretsmanager", "SecretARN", id);
  const own = () =>
    name === "callback" ? roles.arn("CallbackKey") : roles.secretArn("enos/o15504722874071");
  const foreign = () =>
    name === "callback" ? roles.secretArn("enos/o15504722874071") : roles.arn("CallbackKey");
  const may = (action: string, key: string, context: Record<string, string>) =>
    roles.isAllowed(name, action, key, context);
  const uses = (kind: "Secrets" | "Table" | "Events") => USES[name].includes(kind);

  it("of secrets opens those that it reads", async () => {
    const key = `${KEY}/secrets`;
    expect(await may("kms:Decrypt", key, secret(own()))).toBe(uses("Secrets"));
    expect(await may("kms:Decrypt", key, secret(foreign()))).toBe(false);
    expect(
      await may("kms:Decrypt", key, { "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com" }),
    ).toBe(false);
    expect(await may("kms:Decrypt", key, through("ssm", "SecretARN", own()))).toBe(false);
    expect(await may("kms:Decrypt", OTHER_KEY, secret(own()))).toBe(false);
    expect(await may("kms:GenerateDataKey", key, secret(own()))).toBe(false);
  });

  it("of the table opens that table", async () => {
    const key = `${KEY}/table`;
    const table = (id: string) => through("dynamodb", "aws:dynamodb:tableName", id);
    expect(await may("kms:Decrypt", key, table("TrackedTasksTable"))).toBe(uses("Table"));
    expect(await may("kms:Decrypt", key, table("invoices"))).toBe(false);
    expect(await may("kms:CreateGrant", key, table("TrackedTasksTable"))).toBe(false);
  });

  it("of events is for messages to the topic", async () => {
    const key = `${KEY}/events`;
    const topic = (id: string) => through("sns", "aws:sns:topicArn", id);
    for (const action of ["kms:GenerateDataKey", "kms:Decrypt"]) {
      expect(await may(action, key, topic(roles.arn("EventsTopic")))).toBe(uses("Events"));
      expect(await may(action, key, topic(`${roles.arn("EventsTopic")}-2`))).toBe(false);
    }
  });

  it("is used through the service of any partition", async () => {
    const china = new Roles(template, { partition: "aws-cn", region: "cn-north-1" });
    for (const suffix of ["amazonaws.com", "amazonaws.com.cn"]) {
      const context = {
        "kms:ViaService": `sns.cn-north-1.${suffix}`,
        "kms:EncryptionContext:aws:sns:topicArn": china.arn("EventsTopic"),
      };
      expect(await china.isAllowed(name, "kms:GenerateDataKey", `${KEY}/events`, context)).toBe(
        uses("Events"),
      );
    }
  });
});
