import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { applyAccountRules } from "../../infra/account.ts";
import { deployment } from "../../infra/deployment.ts";
import { surroundingsOf } from "./cloudformation/limits.ts";
import { DeployerPolicy } from "./deployer-policy.ts";
import { packagedTemplate, type Resource, resolve, type Template } from "./template.ts";

const PLACE = { partition: "aws", region: "eu-central-1", stack: "enos-download-status-dev" };
const KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const policy = new DeployerPolicy();

let template: Template;
beforeAll(async () => {
  template = await packagedTemplate();
  const settings = {
    VPC_SUBNET_IDS: "subnet-0a1b2c3d",
    VPC_SECURITY_GROUP_IDS: "sg-0a1b2c3d",
    SECRETS_KMS_KEY_ARN: KEY,
    EVENTS_KMS_KEY_ARN: KEY,
    TABLE_KMS_KEY_ARN: KEY,
    PERMISSIONS_BOUNDARY_ARN: "arn:aws:iam::123456789012:policy/developers",
    TAGS: "team=data",
  };
  applyAccountRules(template, deployment(settings, "package").accountRules);
});

/** An action, where it is not done to the resource itself: what to, and under which conditions. */
interface Call {
  action: string;
  resource?: string;
  context?: Record<string, string>;
}

const ACCOUNT = "eu-central-1:123456789012";
const on = (resource: string, ...actions: string[]): Call[] =>
  actions.map((action) => ({ action, resource }));
const pass = (service: string): Call => ({
  action: "iam:PassRole",
  resource: "arn:aws:iam::123456789012:role/enos-download-status-dev-Role-ABCDEFGHIJKL",
  context: { "iam:PassedToService": `${service}.amazonaws.com` },
});
const key = (service: string, ...actions: string[]): Call[] =>
  actions.map((action) => ({
    action: `kms:${action}`,
    resource: KEY,
    context: { "kms:ViaService": `${service}.eu-central-1.amazonaws.com` },
  }));
/** What API Gateway has done for a stage that logs. */
const logDelivery = on(
  "*",
  ...[
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
  ].map((action) => `logs:${action}`),
  "logs:PutResourcePolicy",
  "logs:DescribeResourcePolicies",
  "logs:DescribeLogGroups",
);
const api = (path: string): Call[] =>
  on(
    `arn:aws:apigateway:eu-central-1::${path}`,
    ...["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) => `apigateway:${method}`),
  );
const FUNCTION = { "lambda:FunctionArn": `arn:aws:lambda:${ACCOUNT}:function:enos-download-status-dev-hint` };
const MAPPING = `arn:aws:lambda:${ACCOUNT}:event-source-mapping:0a1b2c3d-12ab-34cd-56ef-1234567890ab`;
const BUCKET = "arn:aws:s3:::enos-download-status-dev-serverlessdeploymentbuck-abcdefghijkl";

/**
 * What CloudFormation calls with the deployer's permissions for a resource of each type, to make, read, change and
 * remove it: the permissions in the type's public schema (`handlers`, `tagging`), but for those of features that the
 * template does not use.
 */
const CALLED: Record<string, (resource: Resource, arn: () => string) => Call[]> = {
  "AWS::ApiGatewayV2::Api": () => [
    ...api("/apis"),
    ...api("/apis/a1b2c3"),
    ...api("/tags/arn%3Aaws%3Aapigateway"),
  ],
  "AWS::ApiGatewayV2::Stage": () => [
    ...api("/apis/a1b2c3/stages"),
    ...api("/apis/a1b2c3/stages/$default"),
    ...on(
      "arn:aws:apigateway:eu-central-1::/apis/a1b2c3/stages/$default",
      "apigateway:TagResource",
      "apigateway:UntagResource",
    ),
    ...logDelivery,
  ],
  "AWS::ApiGatewayV2::Route": () => [...api("/apis/a1b2c3/routes"), ...api("/apis/a1b2c3/routes/r1")],
  "AWS::ApiGatewayV2::Integration": () => [
    ...api("/apis/a1b2c3/integrations"),
    ...api("/apis/a1b2c3/integrations/i1"),
  ],
  "AWS::CloudWatch::Alarm": ({ Properties }) => [
    ...on(
      `arn:aws:cloudwatch:${ACCOUNT}:alarm:${Properties.AlarmName}`,
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:DeleteAlarms",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
      "cloudwatch:ListTagsForResource",
    ),
    { action: "cloudwatch:DescribeAlarms", resource: "*" },
  ],
  "AWS::CloudWatch::Dashboard": ({ Properties }) =>
    on(
      `arn:aws:cloudwatch::123456789012:dashboard/${Properties.DashboardName}`,
      "cloudwatch:PutDashboard",
      "cloudwatch:GetDashboard",
      "cloudwatch:DeleteDashboards",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
      "cloudwatch:ListTagsForResource",
    ),
  "AWS::DynamoDB::Table": (_, arn) => [
    ...on(
      arn(),
      ...[
        "CreateTable",
        "DescribeTable",
        "DescribeTimeToLive",
        "UpdateTimeToLive",
        "UpdateContinuousBackups",
        "DescribeContinuousBackups",
        "UpdateContributorInsights",
        "DescribeContributorInsights",
        "DescribeKinesisStreamingDestination",
        "ListTagsOfResource",
        "TagResource",
        "UntagResource",
        "UpdateTable",
        "GetResourcePolicy",
        "DeleteTable",
      ].map((action) => `dynamodb:${action}`),
    ),
    ...key("dynamodb", "CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "RevokeGrant"),
    { action: "kms:ListAliases", resource: "*" },
  ],
  "AWS::IAM::Role": (_, arn) =>
    on(
      arn(),
      ...[
        "CreateRole",
        "PutRolePolicy",
        "GetRolePolicy",
        "TagRole",
        "UntagRole",
        "ListRoleTags",
        "GetRole",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "UpdateRole",
        "UpdateRoleDescription",
        "UpdateAssumeRolePolicy",
        "DeleteRolePermissionsBoundary",
        "PutRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DeleteRole",
      ].map((action) => `iam:${action}`),
    ),
  "AWS::Lambda::Function": (_, arn) => [
    ...on(
      arn(),
      ...[
        "CreateFunction",
        "GetFunction",
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
        "GetFunctionCodeSigningConfig",
        "GetRuntimeManagementConfig",
        "PutRuntimeManagementConfig",
        "PutFunctionRecursionConfig",
        "GetFunctionRecursionConfig",
        "TagResource",
        "UntagResource",
        "ListTags",
        "UpdateFunctionConfiguration",
        "UpdateFunctionCode",
        "DeleteFunction",
      ].map((action) => `lambda:${action}`),
    ),
    ...on(`${BUCKET}/serverless/function.zip`, "s3:GetObject"),
    ...on(
      "*",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
      "ec2:DescribeNetworkInterfaces",
    ),
    pass("lambda"),
  ],
  "AWS::Lambda::Permission": ({ Properties }) =>
    on(
      `arn:aws:lambda:${ACCOUNT}:function:${functionOf(Properties.FunctionName)}`,
      "lambda:AddPermission",
      "lambda:GetPolicy",
      "lambda:RemovePermission",
    ),
  "AWS::Lambda::EventInvokeConfig": ({ Properties }) =>
    on(
      `arn:aws:lambda:${ACCOUNT}:function:${functionOf(Properties.FunctionName)}`,
      ...["Put", "Get", "Update", "Delete"].map((verb) => `lambda:${verb}FunctionEventInvokeConfig`),
    ),
  "AWS::Lambda::EventSourceMapping": () => [
    ...["Create", "Update", "Delete"].map((verb) => ({
      action: `lambda:${verb}EventSourceMapping`,
      resource: verb === "Create" ? "*" : MAPPING,
      context: FUNCTION,
    })),
    ...on(
      MAPPING,
      "lambda:GetEventSourceMapping",
      "lambda:ListTags",
      "lambda:TagResource",
      "lambda:UntagResource",
    ),
  ],
  "AWS::Logs::LogGroup": (_, arn) => [
    ...on(
      arn().replace(/:\*$/, ""),
      ...[
        "CreateLogGroup",
        "PutRetentionPolicy",
        "DeleteRetentionPolicy",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "GetDataProtectionPolicy",
        "DeleteLogGroup",
      ].map((action) => `logs:${action}`),
    ),
    ...on("*", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"),
  ],
  "AWS::S3::Bucket": () =>
    on(
      BUCKET,
      ...[
        "CreateBucket",
        "DeleteBucket",
        "ListBucket",
        "PutBucketTagging",
        "GetBucketTagging",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "PutEncryptionConfiguration",
        "GetEncryptionConfiguration",
        "PutBucketPublicAccessBlock",
        "GetBucketPublicAccessBlock",
        "GetBucketVersioning",
        "GetLifecycleConfiguration",
        "GetBucketOwnershipControls",
      ].map((action) => `s3:${action}`),
    ),
  "AWS::S3::BucketPolicy": () =>
    on(BUCKET, "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
  "AWS::SNS::Topic": (_, arn) =>
    on(
      arn(),
      ...[
        "CreateTopic",
        "TagResource",
        "UntagResource",
        "GetTopicAttributes",
        "SetTopicAttributes",
        "ListTagsForResource",
        "ListSubscriptionsByTopic",
        "GetDataProtectionPolicy",
        "DeleteTopic",
      ].map((action) => `sns:${action}`),
    ),
  "AWS::SNS::TopicPolicy": () =>
    on(`arn:aws:sns:${ACCOUNT}:enos-download-status-dev-EventsTopic-ABCDEFGHIJKL`, "sns:SetTopicAttributes"),
  "AWS::SQS::Queue": (_, arn) =>
    on(
      arn(),
      ...[
        "CreateQueue",
        "GetQueueUrl",
        "GetQueueAttributes",
        "SetQueueAttributes",
        "ListQueueTags",
        "TagQueue",
        "UntagQueue",
        "DeleteQueue",
      ].map((action) => `sqs:${action}`),
    ),
  "AWS::SQS::QueuePolicy": () =>
    on(`arn:aws:sqs:${ACCOUNT}:enos-download-status-dev-hints`, "sqs:SetQueueAttributes"),
  "AWS::Scheduler::Schedule": () => [
    ...on(
      `arn:aws:scheduler:${ACCOUNT}:schedule/enos-download-status-dev-sweeps/enos-download-status-dev-Sweep-1`,
      ...["Create", "Get", "Update", "Delete"].map((verb) => `scheduler:${verb}Schedule`),
    ),
    pass("scheduler"),
  ],
  "AWS::Scheduler::ScheduleGroup": (_, arn) =>
    on(
      arn(),
      ...[
        "CreateScheduleGroup",
        "GetScheduleGroup",
        "DeleteScheduleGroup",
        "ListTagsForResource",
        "TagResource",
        "UntagResource",
      ].map((action) => `scheduler:${action}`),
    ),
  "AWS::SecretsManager::Secret": (_, arn) => [
    ...on(
      arn(),
      ...[
        "DescribeSecret",
        "CreateSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "GetSecretValue",
        "DeleteSecret",
      ].map((action) => `secretsmanager:${action}`),
    ),
    { action: "secretsmanager:GetRandomPassword", resource: "*" },
    ...key("secretsmanager", "Decrypt", "GenerateDataKey"),
  ],
};

const STACK = `arn:aws:cloudformation:${ACCOUNT}:stack/enos-download-status-dev/0a1b2c3d`;
/**
 * What osls and the commands of the deployment guide call themselves: a deployment's own calls are held by the test of
 * one, and those of a removal and of what may follow a failure are here.
 */
const COMMANDS: Call[] = [
  ...on(
    STACK,
    ...[
      "CreateStack",
      "UpdateStack",
      "DeleteStack",
      "ContinueUpdateRollback",
      "CreateChangeSet",
      "DescribeChangeSet",
      "ExecuteChangeSet",
      "DeleteChangeSet",
      "DescribeStacks",
      "DescribeStackEvents",
      "DescribeStackResource",
      "ListStackResources",
      "GetTemplate",
      "TagResource",
      "UntagResource",
    ].map((action) => `cloudformation:${action}`),
  ),
  { action: "cloudformation:ValidateTemplate", resource: "*" },
  ...on(BUCKET, "s3:ListBucket", "s3:ListBucketVersions"),
  ...on(`${BUCKET}/serverless/function.zip`, "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"),
  // The guide replaces the callbacks' key, and `npm run osls -- logs` reads logs.
  {
    action: "secretsmanager:PutSecretValue",
    resource: `arn:aws:secretsmanager:${ACCOUNT}:secret:enos-download-status/dev/callback-key-AbCdEf`,
  },
  {
    action: "logs:FilterLogEvents",
    resource: `arn:aws:logs:${ACCOUNT}:log-group:/aws/lambda/enos-download-status-dev-sweep`,
  },
];

function functionOf(name: unknown): string {
  return String(resolve(template, name, surroundingsOf(template, PLACE))).replace(/^arn:.*:function:/, "");
}

/** What CloudFormation calls for every resource of the template. */
function callsOfCloudFormation(): Call[] {
  const surroundings = surroundingsOf(template, PLACE);
  return Object.entries(template.Resources).flatMap(([id, resource]) => {
    const called = CALLED[resource.Type];
    if (!called) throw new Error(`what CloudFormation calls for ${resource.Type} is not known here`);
    const Properties = resolve(template, resource.Properties, surroundings) as Resource["Properties"];
    const arn = () => String(resolve(template, { "Fn::GetAtt": [id, "Arn"] }, surroundings));
    return called({ ...resource, Properties }, arn);
  });
}

it("a deployer may do all that is done for the stack", async () => {
  const calls = [...callsOfCloudFormation(), ...COMMANDS];
  const different = new Map(calls.map((call) => [JSON.stringify(call), call]));
  const denied: string[] = [];
  for (const { action, resource = "*", context } of different.values()) {
    if (!(await policy.isAllowed(action, resource, context))) denied.push(`${action} ${resource}`);
  }
  expect(denied).toEqual([]);
});

it("the policy names no action that is not needed for that", () => {
  const needed = new Set([...callsOfCloudFormation(), ...COMMANDS].map(({ action }) => action));
  const named = policy.document.Statement.flatMap(({ Action }) => Action);
  expect(named.filter((action) => !action.includes("*") && !needed.has(action))).toEqual([]);
});

describe("a deployer must not", () => {
  it.each<[action: string, resource: string, context?: Record<string, string>]>([
    ["cloudformation:DeleteStack", `arn:aws:cloudformation:${ACCOUNT}:stack/payroll/1`],
    ["iam:CreateRole", "arn:aws:iam::123456789012:role/admin"],
    ["iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/enos-download-status-dev-StatusRole-A"],
    [
      "iam:PassRole",
      "arn:aws:iam::123456789012:role/enos-download-status-dev-StatusRole-A",
      { "iam:PassedToService": "ec2.amazonaws.com" },
    ],
    [
      "iam:PassRole",
      "arn:aws:iam::123456789012:role/admin",
      { "iam:PassedToService": "lambda.amazonaws.com" },
    ],
    ["lambda:UpdateFunctionCode", `arn:aws:lambda:${ACCOUNT}:function:payroll`],
    ["lambda:InvokeFunction", `arn:aws:lambda:${ACCOUNT}:function:enos-download-status-dev-sweep`],
    [
      "lambda:DeleteEventSourceMapping",
      MAPPING,
      { "lambda:FunctionArn": `arn:aws:lambda:${ACCOUNT}:function:payroll` },
    ],
    ["dynamodb:DeleteTable", `arn:aws:dynamodb:${ACCOUNT}:table/payroll`],
    ["dynamodb:Scan", `arn:aws:dynamodb:${ACCOUNT}:table/enos-download-status-dev-TrackedTasksTable-A`],
    ["secretsmanager:GetSecretValue", `arn:aws:secretsmanager:${ACCOUNT}:secret:enos/o1-AbCdEf`],
    ["sns:Publish", `arn:aws:sns:${ACCOUNT}:enos-download-status-dev-EventsTopic-A`],
    ["sqs:ReceiveMessage", `arn:aws:sqs:${ACCOUNT}:enos-download-status-dev-hints`],
    ["s3:GetObject", "arn:aws:s3:::payroll/2026.csv"],
    ["s3:PutObject", "arn:aws:s3:::payroll/2026.csv"],
    ["kms:Decrypt", KEY],
    ["kms:Decrypt", KEY, { "kms:ViaService": "s3.eu-central-1.amazonaws.com" }],
    ["kms:PutKeyPolicy", KEY],
    ["apigateway:GET", "arn:aws:apigateway:eu-central-1::/apikeys"],
    ["apigateway:DELETE", "arn:aws:apigateway:eu-central-1::/domainnames/downloads.example.com"],
    ["logs:DeleteLogGroup", `arn:aws:logs:${ACCOUNT}:log-group:/aws/lambda/payroll`],
  ])("%s on %s", async (action, resource, context) => {
    expect(await policy.isAllowed(action, resource, context)).toBe(false);
  });
});

describe("with the boundary that the deployment guide describes", () => {
  const ROLE = "arn:aws:iam::123456789012:role/enos-download-status-dev-StatusRole-A";
  const BOUNDARY = "arn:aws:iam::123456789012:policy/developers";
  const guide = readFileSync(new URL("../../docs/deploy.md", import.meta.url), "utf8");
  const [, wanted = "", removed = ""] =
    /add the condition `"StringEquals": \{ "iam:PermissionsBoundary": "arn:…" \}` to (.+?), remove (.+?), and/.exec(
      guide,
    ) ?? [];
  const named = (text: string) => [...text.matchAll(/`(iam:\w+)`/g)].map(([, action = ""]) => action);
  const bounded = new DeployerPolicy((statement) => {
    if (statement.Sid !== "Roles") return [statement];
    const others = [statement.Action].flat().filter((action) => !named(wanted + removed).includes(action));
    const Condition = { StringEquals: { "iam:PermissionsBoundary": BOUNDARY } };
    return [
      { ...statement, Action: others },
      { ...statement, Sid: "RolesWithinBoundary", Action: named(wanted), Condition },
    ];
  });

  it.each(["CreateRole", "PutRolePolicy", "PutRolePermissionsBoundary"])(
    "iam:%s works within it, and not without or with another",
    async (name) => {
      const allowed = (boundary?: string) =>
        bounded.isAllowed(`iam:${name}`, ROLE, boundary ? { "iam:PermissionsBoundary": boundary } : {});
      expect(await allowed(BOUNDARY)).toBe(true);
      expect(await allowed("arn:aws:iam::aws:policy/AdministratorAccess")).toBe(false);
      expect(await allowed()).toBe(false);
    },
  );

  it("no role is created without it, and the policy still fits", async () => {
    for (const name of ["DeleteRolePermissionsBoundary", "AttachRolePolicy"]) {
      const context = { "iam:PermissionsBoundary": BOUNDARY };
      expect(await bounded.isAllowed(`iam:${name}`, ROLE, context), name).toBe(false);
    }
    expect(JSON.stringify(bounded.document).length).toBeLessThanOrEqual(6_144);
  });
});

it("the policy fits into a managed one, and the deployment guide links to it", () => {
  // In the longest partition too.
  const text = JSON.stringify(policy.document).replaceAll("arn:aws:", "arn:aws-us-gov:");
  expect(text.length).toBeLessThanOrEqual(6_144);
  const guide = readFileSync(new URL("../../docs/deploy.md", import.meta.url), "utf8");
  expect(guide).toContain("](deployer-policy.json)");
});
