import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packagedService } from "../../local/package.ts";

/** A CloudFormation template as far as the tests look into it. */
export interface Template {
  Parameters: Record<string, { Default?: string; AllowedPattern?: string; [name: string]: unknown }>;
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Value: unknown; Description?: string }>;
}

export interface Resource {
  Type: string;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  Properties: Record<string, any>;
}

/** What a deployment of the template would have been given, for resolving its references. */
export interface Surroundings {
  partition: string;
  region: string;
  account: string;
  /** Physical names by logical id; a resource without one is given its logical id. */
  names: Record<string, string>;
}

/** An account that does not exist. */
export const SURROUNDINGS: Surroundings = {
  partition: "aws",
  region: "eu-central-1",
  account: "123456789012",
  names: {},
};

// Here, so that no test waits for it at the expense of its own time.
const packaged = await packagedService();
const TEMPLATE = "cloudformation-template-update-stack.json";

/** The template in a folder that osls packaged into; of the default settings when left out. */
export async function packagedTemplate(folder = packaged): Promise<Template> {
  return JSON.parse(await readFile(join(folder, TEMPLATE), "utf8"));
}

/** The template's resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): [logicalId: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/**
 * The value with its intrinsic functions (Ref, Fn::GetAtt, Fn::Sub, Fn::Join) resolved as CloudFormation would.
 *
 * @throws {Error} at a reference that it cannot resolve, rather than guess
 */
export function resolve(template: Template, value: unknown, surroundings: Surroundings): unknown {
  const deeper = (inner: unknown) => resolve(template, inner, surroundings);
  if (Array.isArray(value)) return value.map(deeper);
  if (typeof value !== "object" || value === null) return value;
  const [[name, argument] = ["", undefined], ...others] = Object.entries(value);
  if (others.length === 0) {
    if (name === "Ref") return reference(template, String(argument), surroundings);
    if (name === "Fn::GetAtt") return attribute(template, argument as [string, string], surroundings);
    if (name === "Fn::Sub") return substitute(template, String(argument), surroundings);
    if (name === "Fn::Join") {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(deeper).join(separator);
    }
    if (name.startsWith("Fn::")) throw new Error(`cannot resolve ${name}`);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deeper(inner)]));
}

/** Where a resource's type keeps its name, and what its ARN looks like. */
const KINDS: Record<string, { name: string; arn: (name: string) => string; refIsArn?: true }> = {
  "AWS::DynamoDB::Table": { name: "TableName", arn: (name) => `dynamodb:REGION:ACCOUNT:table/${name}` },
  "AWS::SNS::Topic": { name: "TopicName", arn: (name) => `sns:REGION:ACCOUNT:${name}`, refIsArn: true },
  "AWS::SQS::Queue": { name: "QueueName", arn: (name) => `sqs:REGION:ACCOUNT:${name}` },
  "AWS::IAM::Role": { name: "RoleName", arn: (name) => `iam::ACCOUNT:role/${name}` },
  "AWS::Lambda::Function": { name: "FunctionName", arn: (name) => `lambda:REGION:ACCOUNT:function:${name}` },
  "AWS::Logs::LogGroup": { name: "LogGroupName", arn: (name) => `logs:REGION:ACCOUNT:log-group:${name}:*` },
  "AWS::Scheduler::ScheduleGroup": {
    name: "Name",
    arn: (name) => `scheduler:REGION:ACCOUNT:schedule-group/${name}`,
  },
  "AWS::SecretsManager::Secret": {
    name: "Name",
    // With the random end that Secrets Manager gives it.
    arn: (name) => `secretsmanager:REGION:ACCOUNT:secret:${name}-AbCdEf`,
    refIsArn: true,
  },
  "AWS::S3::Bucket": { name: "BucketName", arn: (name) => `s3:::${name}` },
};

function reference(template: Template, id: string, surroundings: Surroundings): unknown {
  if (id === "AWS::Partition") return surroundings.partition;
  if (id === "AWS::Region") return surroundings.region;
  if (id === "AWS::AccountId") return surroundings.account;
  if (id === "AWS::URLSuffix")
    return surroundings.partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  if (id === "AWS::NoValue") return undefined;
  const parameter = template.Parameters[id];
  if (parameter) return parameter.Default ?? surroundings.names[id] ?? id;
  const resource = template.Resources[id];
  if (!resource) throw new Error(`nothing is called ${id}`);
  if (KINDS[resource.Type]?.refIsArn) return attribute(template, [id, "Arn"], surroundings);
  return physicalName(id, resource, surroundings);
}

function attribute(template: Template, [id, name]: [string, string], surroundings: Surroundings): string {
  const resource = template.Resources[id];
  if (resource?.Type === "AWS::ApiGatewayV2::Api" && name === "ApiEndpoint") {
    return `https://${physicalName(id, resource, surroundings)}.execute-api.${surroundings.region}.amazonaws.com`;
  }
  const kind = resource && KINDS[resource.Type];
  if (!resource || !kind) throw new Error(`cannot resolve ${id}.${name}`);
  const physical = physicalName(id, resource, surroundings);
  if (name === kind.name) return physical;
  if (name !== "Arn") throw new Error(`cannot resolve ${id}.${name}`);
  const { partition, region, account } = surroundings;
  return `arn:${partition}:${kind.arn(physical).replace("REGION", region).replace("ACCOUNT", account)}`;
}

function physicalName(id: string, resource: Resource, surroundings: Surroundings): string {
  const given = resource.Properties[KINDS[resource.Type]?.name ?? ""];
  return surroundings.names[id] ?? (typeof given === "string" ? given : id);
}

function substitute(template: Template, text: string, surroundings: Surroundings): string {
  return text.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
    const [id = "", attributeName] = name.split(".");
    return attributeName
      ? attribute(template, [id, attributeName], surroundings)
      : String(reference(template, id, surroundings));
  });
}
