import type { CompiledTemplate } from "./compiled-template.ts";

/** The types of resources that support tags, and the form of their tags. */
const TAGGABLE: Readonly<Record<string, "list" | "map">> = {
  "AWS::ApiGatewayV2::Api": "map",
  "AWS::ApiGatewayV2::Stage": "map",
  "AWS::CloudWatch::Alarm": "list",
  "AWS::CloudWatch::Dashboard": "list",
  "AWS::DynamoDB::Table": "list",
  "AWS::IAM::Role": "list",
  "AWS::Lambda::EventSourceMapping": "list",
  "AWS::Lambda::Function": "list",
  "AWS::Logs::LogGroup": "list",
  "AWS::S3::Bucket": "list",
  "AWS::SNS::Topic": "list",
  "AWS::SQS::Queue": "list",
  "AWS::Scheduler::ScheduleGroup": "list",
  "AWS::SecretsManager::Secret": "list",
};

/** Adds the tags to every resource in the template that supports them. */
export function setTags({ Resources }: CompiledTemplate, tags: Record<string, string>): void {
  if (Object.keys(tags).length === 0) return;
  const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  for (const resource of Object.values(Resources)) {
    const form = TAGGABLE[resource.Type];
    if (form) resource.Properties = { ...resource.Properties, Tags: form === "map" ? tags : list };
  }
}
