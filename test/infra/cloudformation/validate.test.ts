import { beforeAll, describe, expect, it } from "vitest";
import { packagedTemplate, type Template } from "../template.ts";
import { validate } from "./validate.ts";

const PLACE = { partition: "aws", region: "eu-central-1", stack: "enos-download-status-dev" };

let template: Template;
beforeAll(async () => {
  template = await packagedTemplate();
});

/** What is found in the packaged template after a change to it. */
// biome-ignore lint/suspicious/noExplicitAny: the changes are what a template must not have
function problemsAfter(change: (resources: Record<string, any>, whole: any) => void): string[] {
  const changed = structuredClone(template);
  change(changed.Resources, changed);
  return validate(changed, PLACE);
}

describe("a template that CloudFormation would refuse is found out", () => {
  it("not by the one that is deployed", () => {
    expect(validate(template, PLACE)).toEqual([]);
  });

  it.each<[string, Parameters<typeof problemsAfter>[0], string]>([
    ["a type", (r) => (r.EventsTopic.Type = "AWS::SNS::Topics"), "there is no type AWS::SNS::Topics"],
    ["a property", (r) => (r.EventsTopic.Properties.Fifo = true), "EventsTopic.Fifo does not exist"],
    [
      "a property of a structure",
      (r) => (r.SweepSchedule1.Properties.Target.Payload = "{}"),
      "SweepSchedule1.Target.Payload does not exist",
    ],
    [
      "a property in a list",
      (r) => (r.TrackedTasksTable.Properties.GlobalSecondaryIndexes[0].Keys = []),
      "TrackedTasksTable.GlobalSecondaryIndexes[0].Keys does not exist",
    ],
    ["a part", (r) => (r.EventsTopic.Deletion = "Retain"), "EventsTopic: a resource has no part Deletion"],
    [
      "what is missing",
      (r) => delete r.SweepSchedule1.Properties.FlexibleTimeWindow,
      "SweepSchedule1.FlexibleTimeWindow is missing",
    ],
    [
      "what is taken away",
      (r) => (r.SweepLambdaFunction.Properties.Role = { Ref: "AWS::NoValue" }),
      "SweepLambdaFunction.Role is missing",
    ],
    [
      "a number that is text",
      (r) => (r.SweepLambdaFunction.Properties.Timeout = "60"),
      'SweepLambdaFunction.Timeout must be of the type integer, and is "60"',
    ],
    [
      "a text that is a number",
      (r) => (r.SweepSchedule1.Properties.GroupName = 1),
      "SweepSchedule1.GroupName must be of the type string, and is 1",
    ],
    [
      "one where many are wanted",
      (r) => (r.EventsTopicPolicy.Properties.Topics = { Ref: "EventsTopic" }),
      "EventsTopicPolicy.Topics cannot be Ref",
    ],
    [
      "another choice",
      (r) => (r.SweepSchedule1.Properties.FlexibleTimeWindow.Mode = "ON"),
      "SweepSchedule1.FlexibleTimeWindow.Mode must be one of",
    ],
    [
      "a reference",
      (r) => (r.SweepSchedule1.Properties.GroupName = { Ref: "Schedules" }),
      "SweepSchedule1.GroupName: nothing is called Schedules",
    ],
    [
      "an attribute",
      (r) =>
        (r.SweepSchedule1.Properties.Target.Arn = { "Fn::GetAtt": ["SweepLambdaFunction", "FunctionArn"] }),
      "AWS::Lambda::Function has no attribute FunctionArn",
    ],
    [
      "a reference in a text",
      (r) => (r.EventsTopic.Properties.DisplayName = { "Fn::Sub": `\${AWS::Stage}-\${!Literal}` }),
      "nothing is called AWS::Stage",
    ],
    [
      "a reference in a policy",
      (r) => (r.SweepRole.Properties.Policies[0].PolicyDocument.Statement[0].Resource = { Ref: "Nothing" }),
      "nothing is called Nothing",
    ],
    [
      "a reference to something else",
      (r) => (r.SweepLambdaFunction.Properties.Role = { "Fn::GetAtt": ["EventsTopic", "TopicArn"] }),
      "must refer to AWS::IAM::Role, and refers to AWS::SNS::Topic",
    ],
    ["a dependency", (r) => (r.EventsTopic.DependsOn = ["Nothing"]), "no resource is called Nothing"],
    ["a circle", (r) => (r.EventsTopic.DependsOn = "SweepLambdaFunction"), "these wait for each other:"],
    [
      "a policy of deletion",
      (r) => (r.EventsTopic.UpdateReplacePolicy = "RetainExceptOnCreate"),
      "EventsTopic.UpdateReplacePolicy cannot be RetainExceptOnCreate",
    ],
    ["an output", (_, whole) => (whole.Outputs.Gone = { Value: { Ref: "Gone" } }), "nothing is called Gone"],
    [
      "a parameter",
      (_, whole) => (whole.Parameters.EnosApiBaseUrl.Default = "http://apim.example.com"),
      "EnosApiBaseUrl does not allow its own default",
    ],
    [
      "a parameter for nothing",
      (_, whole) => (whole.Parameters.Idle = {}),
      "Parameters.Idle is used nowhere",
    ],
    [
      "a function",
      (r) => (r.EventsTopic.Properties.DisplayName = { "Fn::Base64": "x" }),
      "Fn::Base64 is not known",
    ],
  ])("by %s", (_, change, problem) => {
    expect(problemsAfter(change).join("\n")).toContain(problem);
  });

  it.each<[string, Parameters<typeof problemsAfter>[0], string]>([
    [
      "resources",
      (r) => {
        for (let index = 0; index < 500; index++)
          r[`Topic${index}`] = { Type: "AWS::SNS::Topic", Properties: {} };
      },
      "resources, and may have 500",
    ],
    [
      "outputs",
      (_, whole) => {
        for (let index = 0; index < 200; index++) whole.Outputs[`Output${index}`] = { Value: "x" };
      },
      "outputs, and may have 200",
    ],
    [
      "permissions of a function",
      (r) => {
        for (let index = 0; index < 60; index++) {
          r[`Rule${index}`] = {
            Type: "AWS::Events::Rule",
            Properties: { ScheduleExpression: "rate(1 minute)" },
          };
          r[`SweepLambdaPermissionEventsRuleSchedule${index}`] = {
            Type: "AWS::Lambda::Permission",
            Properties: {
              FunctionName: { "Fn::GetAtt": ["SweepLambdaFunction", "Arn"] },
              Action: "lambda:InvokeFunction",
              Principal: "events.amazonaws.com",
              SourceArn: { "Fn::GetAtt": [`Rule${index}`, "Arn"] },
            },
          };
        }
      },
      "bytes in the policy of the function arn:aws:lambda:eu-central-1:123456789012:function:enos-download-status-dev-sweep, and may have 20480",
    ],
    [
      "policies of a role",
      (r) => {
        const { Statement } = r.SweepRole.Properties.Policies[0].PolicyDocument;
        for (let index = 0; index < 100; index++) Statement.push({ ...Statement[0], Sid: `More${index}` });
      },
      "characters in its policies, and may have 10240",
    ],
    [
      "names",
      (r) => (r.SweepLambdaFunction.Properties.FunctionName = "s".repeat(65)),
      `cannot be named ${"s".repeat(65)}`,
    ],
    [
      "environments",
      (r) => (r.SweepLambdaFunction.Properties.Environment.Variables.MORE = "x".repeat(4096)),
      "bytes of environment, and may have 4096",
    ],
    [
      "a variable that is Lambda's",
      (r) => (r.SweepLambdaFunction.Properties.Environment.Variables.AWS_REGION = "eu-central-1"),
      "AWS_REGION is a name of Lambda's own",
    ],
    [
      "indexes without their keys",
      (r) => r.TrackedTasksTable.Properties.AttributeDefinitions.pop(),
      "and its keys have",
    ],
    [
      "an archive of a standard topic",
      (r) => (r.EventsTopic.Properties.ArchivePolicy = { MessageRetentionPeriod: "30" }),
      "ArchivePolicy is for FIFO topics",
    ],
    [
      "an alarm that looks back too far",
      (r) => (r.SweepMissingAlarm.Properties.Period = 180_000),
      "SweepMissingAlarm: looks back too far",
    ],
    [
      "a log that is kept for a day too long",
      (r) => (r.SweepLogGroup.Properties.RetentionInDays = 31),
      "RetentionInDays cannot be 31",
    ],
    [
      "a schedule",
      (r) => (r.SweepSchedule1.Properties.ScheduleExpression = "rate(1 minutes)"),
      "ScheduleExpression cannot be rate(1 minutes)",
    ],
    [
      "a route twice",
      (r) => {
        const route = Object.values(r).find(({ Type }) => Type === "AWS::ApiGatewayV2::Route");
        r.SameRoute = structuredClone(route);
      },
      "a route is there twice",
    ],
  ])("by too much: %s", (_, change, problem) => {
    expect(problemsAfter(change).join("\n")).toContain(problem);
  });

  it("by a name of another partition", () => {
    const topic = "arn:aws:sns:cn-north-1:123456789012:ops";
    const changed = structuredClone(template);
    const alarm = changed.Resources.SweepMissingAlarm?.Properties;
    if (alarm) alarm.AlarmActions = [topic];
    const china = { partition: "aws-cn", region: "cn-north-1", stack: PLACE.stack };
    expect(validate(changed, china)).toEqual([`is in the wrong partition: ${topic}`]);
  });
});
