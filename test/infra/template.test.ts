import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ROUTES } from "../../lib/http/routes.ts";
import { FUNCTIONS, type Setting, settingsOf } from "../../lib/settings.ts";
import { STUCK_REASONS } from "../../lib/store/health-store.ts";
import { OWN_ERRORS } from "../../lib/sweep/summary.ts";
import { withOrganisation } from "../../local/harness/api-event.ts";
import { tableFromSource } from "../../local/template.ts";
import {
  packagedTemplate,
  type Resource,
  resolve,
  resourcesOf,
  SURROUNDINGS,
  type Template,
} from "./template.ts";

let template: Template;
beforeAll(async () => {
  template = await packagedTemplate();
});

const only = (type: string): Resource => {
  const found = resourcesOf(template, type);
  expect(found, type).toHaveLength(1);
  return found[0]?.[1] as Resource;
};
const resource = (id: string): Resource => {
  expect(template.Resources).toHaveProperty(id);
  return template.Resources[id] as Resource;
};
it("has the table that a local run has", () => {
  const { Properties } = only("AWS::DynamoDB::Table");
  expect(Properties).toMatchObject(tableFromSource());
});

const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const resolved = (value: unknown) => resolve(template, value, SURROUNDINGS);

describe("the HTTP API", () => {
  it("has the functions' routes, all but EnOS's callback for callers with IAM credentials only", async () => {
    const deployed = resourcesOf(template, "AWS::ApiGatewayV2::Route").map(([, { Properties }]) => [
      JSON.stringify(Properties.Target).match(/HttpApiIntegration(\w+)/)?.[1],
      Properties.RouteKey,
      Properties.AuthorizationType,
    ]);
    vi.stubEnv("ENOS_API_BASE_URL", "https://apim.example.com");
    vi.stubEnv("TRACKED_TASKS_TABLE", "tracked-tasks");
    vi.stubEnv("CALLBACK_BASE_URL", "https://downloads.example.com");
    vi.stubEnv("CALLBACK_KEY_SECRET", "callback-key");
    vi.stubEnv("HINT_QUEUE_URL", "https://sqs.example.com/hints");
    const handled = (["status", "track", "callback"] as const).map(async (name) => {
      const { routes } = await import(`../../functions/${name}.ts`);
      return Object.keys(routes).flatMap((key) =>
        key === ROUTES.callback
          ? [[capitalised(name), key, undefined]]
          : [key, withOrganisation(key)].map((each) => [capitalised(name), each, "AWS_IAM"]),
      );
    });
    expect(deployed.sort()).toEqual((await Promise.all(handled)).flat().sort());
  });

  it("is throttled, and logs callers without their parameters", () => {
    const { DefaultRouteSettings, AccessLogSettings } = only("AWS::ApiGatewayV2::Stage").Properties;
    expect(DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThan(0);
    expect(DefaultRouteSettings.ThrottlingBurstLimit).toBeGreaterThan(0);
    expect(Object.keys(JSON.parse(AccessLogSettings.Format))).toContain("caller");
    expect(AccessLogSettings.Format).not.toMatch(/\$context\.(path|queryString)|authorization/i);
  });

  it("throttles the open route separately, by both limits, if it exists", () => {
    const { Properties, DependsOn } = only("AWS::ApiGatewayV2::Stage");
    expect(Object.keys(Properties.RouteSettings)).toEqual([ROUTES.callback]);
    const { ThrottlingRateLimit, ThrottlingBurstLimit } = Properties.RouteSettings[ROUTES.callback];
    expect(ThrottlingRateLimit).toBeGreaterThan(0);
    expect(ThrottlingBurstLimit).toBeGreaterThan(0);
    const open = resourcesOf(template, "AWS::ApiGatewayV2::Route").filter(
      ([, route]) => route.Properties.AuthorizationType === undefined,
    );
    expect(open.map(([, route]) => route.Properties.RouteKey)).toEqual([ROUTES.callback]);
    expect(DependsOn).toContain(open[0]?.[0]);
  });

  it("has no CORS, and passes events in version 2.0", () => {
    expect(only("AWS::ApiGatewayV2::Api").Properties).not.toHaveProperty("CorsConfiguration");
    for (const [, { Properties }] of resourcesOf(template, "AWS::ApiGatewayV2::Integration")) {
      expect(Properties.PayloadFormatVersion).toBe("2.0");
    }
  });
});

describe("the functions", () => {
  it("run on Node 24, arm64, each with a role and a log group of its own", () => {
    const functions = resourcesOf(template, "AWS::Lambda::Function").map(([, { Properties }]) => Properties);
    expect(functions.map(({ Handler }) => Handler).sort()).toEqual(
      FUNCTIONS.map((name) => `functions/${name}.handler`).sort(),
    );
    for (const { Runtime, Architectures } of functions) {
      expect([Runtime, Architectures]).toEqual(["nodejs24.x", ["arm64"]]);
    }
    expect(new Set(functions.map(({ Role }) => resolved(Role))).size).toBe(FUNCTIONS.length);
    const groups = resourcesOf(template, "AWS::Logs::LogGroup").map(
      ([, group]) => group.Properties.LogGroupName,
    );
    for (const { FunctionName } of functions) expect(groups).toContain(`/aws/lambda/${FunctionName}`);
  });

  it.each(FUNCTIONS)("%s knows the settings that it needs and no others", async (name) => {
    const { Variables } = resource(`${capitalised(name)}LambdaFunction`).Properties.Environment;
    const own = Object.keys(Variables).filter((variable) => !variable.startsWith("POWERTOOLS_"));
    const settings = Object.entries<Setting>(settingsOf(name))
      .filter(([, setting]) => setting.required || setting.default !== undefined)
      .map(([variable]) => variable);
    expect(own.sort()).toEqual(settings.sort());
    const source = await readFile(join(import.meta.dirname, `../../functions/${name}.ts`), "utf8");
    expect(source).toContain(`readSettings(process.env, "${name}")`);
  });

  it("refer to the resources of this stack", () => {
    const variables = resolved(resource("SweepLambdaFunction").Properties.Environment.Variables);
    expect(variables).toMatchObject({
      ENOS_API_BASE_URL: "EnosApiBaseUrl",
      TRACKED_TASKS_TABLE: "TrackedTasksTable",
      EVENTS_TOPIC_ARN: "arn:aws:sns:eu-central-1:123456789012:EventsTopic",
    });
  });

  it("cannot be deployed without the address of EnOS", () => {
    expect(template.Parameters.EnosApiBaseUrl).not.toHaveProperty("Default");
  });
});

describe("the sweep", () => {
  it("is invoked every minute with {}", () => {
    const { ScheduleExpression, Target, GroupName } = only("AWS::Scheduler::Schedule").Properties;
    expect([ScheduleExpression, Target.Input]).toEqual(["rate(1 minute)", "{}"]);
    expect(resolved(Target.Arn)).toMatch(/:function:enos-download-status-dev-sweep$/);
    expect(resolved(GroupName)).toBe("enos-download-status-dev-sweeps");
  });

  it("is started by a role that may do nothing else, and only for this stage's schedules", () => {
    const { AssumeRolePolicyDocument, Policies } = resolved(
      resource("SweepScheduleRole").Properties,
    ) as Record<string, unknown>;
    expect(AssumeRolePolicyDocument).toMatchObject({
      Statement: [
        {
          Principal: { Service: "scheduler.amazonaws.com" },
          Condition: {
            StringEquals: { "aws:SourceAccount": "123456789012" },
            ArnEquals: {
              "aws:SourceArn":
                "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/enos-download-status-dev-sweeps",
            },
          },
        },
      ],
    });
    expect(Policies).toMatchObject([
      {
        PolicyDocument: {
          Statement: [
            {
              Action: "lambda:InvokeFunction",
              Resource: "arn:aws:lambda:eu-central-1:123456789012:function:enos-download-status-dev-sweep",
            },
          ],
        },
      },
    ]);
  });

  it("is not retried, and its failures go to the dead-letter queue", () => {
    const { FunctionName, DestinationConfig, MaximumRetryAttempts, MaximumEventAgeInSeconds } = only(
      "AWS::Lambda::EventInvokeConfig",
    ).Properties;
    expect(FunctionName).toEqual({ Ref: "SweepLambdaFunction" });
    expect(DestinationConfig.OnFailure.Destination).toEqual({ "Fn::GetAtt": ["SweepDeadLetters", "Arn"] });
    expect([MaximumRetryAttempts, MaximumEventAgeInSeconds]).toEqual([0, 60]);
  });
});

describe("what is kept", () => {
  it("is encrypted, recoverable and outlives the stack", () => {
    for (const id of ["TrackedTasksTable", "EventsTopic"]) {
      const { Properties, DeletionPolicy, UpdateReplacePolicy } = resource(id);
      expect([DeletionPolicy, UpdateReplacePolicy], id).toEqual(["RetainExceptOnCreate", "Retain"]);
      // What is left behind must not be in the way of a new stack.
      expect(Properties, id).not.toHaveProperty(id === "EventsTopic" ? "TopicName" : "TableName");
    }
    expect(resource("TrackedTasksTable").Properties).toMatchObject({
      BillingMode: "PAY_PER_REQUEST",
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    });
    expect(resource("EventsTopic").Properties.KmsMasterKeyId).toBe("alias/aws/sns");
    expect(resource("SweepDeadLetters").Properties).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 24 * 3600,
    });
    for (const [, { Properties }] of resourcesOf(template, "AWS::S3::Bucket")) {
      expect(Properties).toHaveProperty("BucketEncryption");
    }
  });

  it("has the keys and the index of the tracked tasks", () => {
    const { KeySchema, GlobalSecondaryIndexes } = resource("TrackedTasksTable").Properties;
    expect(KeySchema.map(({ AttributeName }: { AttributeName: string }) => AttributeName)).toEqual([
      "pk",
      "sk",
    ]);
    expect(GlobalSecondaryIndexes).toEqual([
      {
        IndexName: "open-tasks",
        KeySchema: [
          { AttributeName: "openShard", KeyType: "HASH" },
          { AttributeName: "openKey", KeyType: "RANGE" },
        ],
        Projection: {
          ProjectionType: "INCLUDE",
          NonKeyAttributes: ["state", "notFoundSince", "notFoundChecks", "deadlineAt", "uncertainSince"],
        },
      },
      {
        IndexName: "ended-tasks",
        KeySchema: [
          { AttributeName: "endedOrg", KeyType: "HASH" },
          { AttributeName: "finishedAt", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "ALL" },
      },
    ]);
  });

  it("can be reached over encrypted transport only", () => {
    const policies = [
      ...resourcesOf(template, "AWS::SNS::TopicPolicy"),
      ...resourcesOf(template, "AWS::SQS::QueuePolicy"),
    ].map(([, { Properties }]) => Properties);
    const covered = policies.flatMap(({ Topics, Queues }) =>
      (Topics ?? Queues).map(({ Ref }: { Ref: string }) => Ref),
    );
    const reachable = [
      ...resourcesOf(template, "AWS::SNS::Topic"),
      ...resourcesOf(template, "AWS::SQS::Queue"),
    ];
    expect(covered.sort()).toEqual(reachable.map(([id]) => id).sort());
    for (const { PolicyDocument } of policies) {
      expect(PolicyDocument.Statement).toEqual([
        expect.objectContaining({
          Effect: "Deny",
          Principal: "*",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      ]);
    }
    const [topic, queue] = policies.map(({ PolicyDocument }) => PolicyDocument.Statement[0]);
    expect(topic.Action).toEqual(expect.arrayContaining(["sns:Publish", "sns:Subscribe"]));
    expect(queue.Action).toBe("sqs:*");
  });

  it("keeps no log indefinitely", () => {
    const groups = resourcesOf(template, "AWS::Logs::LogGroup");
    // The functions' and the API's.
    expect(groups).toHaveLength(FUNCTIONS.length + 1);
    for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBe(30);
  });
});

describe("the alarms", () => {
  const metricsOf = ({ Properties }: Resource): string[] =>
    Properties.MetricName
      ? [`${Properties.Namespace} ${Properties.MetricName}`]
      : Properties.Metrics.filter(({ MetricStat }: { MetricStat?: unknown }) => MetricStat).map(
          ({ MetricStat: { Metric } }: { MetricStat: { Metric: Record<string, string> } }) =>
            `${Metric.Namespace} ${Metric.MetricName}`,
        );

  it("cover what can go wrong", () => {
    const alarms = resourcesOf(template, "AWS::CloudWatch::Alarm");
    expect(Object.fromEntries(alarms.map(([, alarm]) => [nameOf(alarm), metricsOf(alarm)]))).toEqual({
      "sweep-failing": ["AWS/Lambda Errors"],
      "answers-unusable": ["EnosDownloadStatus UpstreamErrors", "EnosDownloadStatus UpstreamErrors"],
      "sweep-missing": ["EnosDownloadStatus SweepDuration"],
      "watermark-lag": ["EnosDownloadStatus AnsweringLag"],
      "sweep-dead-letters": ["AWS/SQS ApproximateNumberOfMessagesVisible"],
      "hint-dead-letters": ["AWS/SQS ApproximateNumberOfMessagesVisible"],
      "api-errors": ["AWS/ApiGateway 5xx", "AWS/ApiGateway Count"],
      "credentials-refused": ["EnosDownloadStatus Stuck", "EnosDownloadStatus UpstreamErrors"],
      "address-refused": ["EnosDownloadStatus Stuck", "EnosDownloadStatus UpstreamErrors"],
      "organisations-stuck": Array(4).fill("EnosDownloadStatus Stuck"),
      "own-errors": Array(5).fill("EnosDownloadStatus OwnErrors"),
      "notifications-failed": ["AWS/SNS NumberOfNotificationsFailed"],
    });
  });

  it("use the dimensions with which metrics are emitted", () => {
    const dimensions = (id: string) => resolved(resource(id).Properties.Dimensions);
    const own = [
      { Name: "service", Value: "enos-download-status" },
      { Name: "stage", Value: "dev" },
    ];
    expect(dimensions("SweepMissingAlarm")).toEqual(own);
    expect(dimensions("WatermarkLagAlarm")).toEqual(own);
    const kinds = (id: string) =>
      resource(id).Properties.Metrics.flatMap(({ MetricStat }: { MetricStat?: { Metric: object } }) => {
        if (!MetricStat) return [];
        const { Namespace, Dimensions } = resolved(MetricStat.Metric) as Record<string, object[]>;
        expect(Namespace).toBe("EnosDownloadStatus");
        expect(Dimensions?.slice(0, 2)).toEqual(own);
        return Dimensions?.slice(2);
      });
    const reason = (Value: string) => ({ Name: "reason", Value });
    const kind = (Value: string) => ({ Name: "kind", Value });
    expect(kinds("CredentialsRefusedAlarm")).toEqual([reason("credentials"), kind("credentials")]);
    expect(kinds("AddressRefusedAlarm")).toEqual([reason("address-refused"), kind("address-refused")]);
    // Between them they leave no reason for being stuck out, and no error of our own.
    const named = ["CredentialsRefusedAlarm", "AddressRefusedAlarm", "OrganisationsStuckAlarm"].flatMap(
      kinds,
    );
    expect(
      named
        .filter(({ Name }) => Name === "reason")
        .map(({ Value }) => Value)
        .sort(),
    ).toEqual([...STUCK_REASONS].sort());
    expect(kinds("OwnErrorsAlarm")).toEqual(OWN_ERRORS.map(kind));
    expect(dimensions("SweepFailingAlarm")).toEqual([
      { Name: "FunctionName", Value: "enos-download-status-dev-sweep" },
    ]);
    expect(dimensions("NotificationsFailedAlarm")).toEqual([{ Name: "TopicName", Value: "EventsTopic" }]);
    expect(dimensions("SweepDeadLettersAlarm")).toEqual([
      { Name: "QueueName", Value: "enos-download-status-dev-sweep-dead-letters" },
    ]);
    expect(dimensions("HintDeadLettersAlarm")).toEqual([
      { Name: "QueueName", Value: "enos-download-status-dev-hint-dead-letters" },
    ]);
  });

  it("treat missing sweeps as breaching", () => {
    expect(resource("SweepMissingAlarm").Properties.TreatMissingData).toBe("breaching");
  });

  it("each have a section in the runbook, which has no others", async () => {
    const runbook = await readFile(join(import.meta.dirname, "../../docs/runbook.md"), "utf8");
    const sections = [...runbook.matchAll(/^## (.+)\n\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm)].filter(
      ([, title]) => /^[a-z-]+$/.test(title ?? ""),
    );
    const alarms = resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, alarm]) => nameOf(alarm));
    expect(sections.map(([, title]) => title).sort()).toEqual(alarms.sort());
    for (const [, title, text] of sections) {
      expect(text, title).toContain("**What it means.**");
      expect(text, title).toContain("**What to do.**");
    }
  });

  function nameOf({ Properties }: Resource): string {
    return Properties.AlarmName.replace("enos-download-status-dev-", "");
  }
});

it("has the parameters that the runbook keeps when it undoes changes made by hand", async () => {
  const runbook = await readFile(join(import.meta.dirname, "../../docs/runbook.md"), "utf8");
  const [, kept = ""] =
    /REVERT_DRIFT[\s\S]+?--parameters ((?:\S+,UsePreviousValue=true )+)--/.exec(runbook) ?? [];
  const names = [...kept.matchAll(/ParameterKey=(\w+)/g)].map(([, name]) => name);
  // CloudFormation would give one that is not named its default.
  expect(names.sort()).toEqual(Object.keys(template.Parameters).sort());
});

it("has outputs for the API, the topic, the table and the dead letters", () => {
  expect(Object.keys(template.Outputs)).toEqual(
    expect.arrayContaining(["HttpApiUrl", "EventsTopicArn", "TrackedTasksTableName", "SweepDeadLettersUrl"]),
  );
});
