import type { IncomingHttpHeaders } from "node:http";

/** The emulators' region and account, for the ARNs of requests that contain only a name. */
const PLACE = "eu-central-1:000000000000";

/** A call to AWS, as an IAM policy would judge it, and what it asked for. */
export interface AwsCall {
  service: "dynamodb" | "sns" | "sqs" | "secretsmanager";
  /** As IAM names it, e.g. `UpdateItem`. */
  action: string;
  /** The ARN of the resource. */
  resource: string;
  /** The request: parsed JSON, or the form's fields. */
  input: Record<string, unknown>;
}

/** Reads a request of one of the SDK's clients. @throws {Error} if it is not such a request */
export function readCall(headers: IncomingHttpHeaders, body: Buffer): AwsCall {
  const target = headers["x-amz-target"];
  if (typeof target !== "string") {
    const input = Object.fromEntries(new URLSearchParams(body.toString()));
    const { Action: action, TopicArn: resource } = input;
    if (!action || !resource) throw new Error("not a call to SNS about a topic");
    return { service: "sns", action, resource, input };
  }
  const [prefix, action = ""] = target.split(".");
  const input = JSON.parse(body.toString());
  if (prefix === "secretsmanager") {
    // Secrets Manager appends a hyphen and six characters to the ARN of a secret.
    const resource = `arn:aws:secretsmanager:${PLACE}:secret:${input.SecretId ?? input.Name}-AbCdEf`;
    return { service: "secretsmanager", action, resource, input };
  }
  if (prefix === "AmazonSQS") {
    const name = new URL(input.QueueUrl).pathname.split("/").at(-1);
    return { service: "sqs", action, resource: `arn:aws:sqs:${PLACE}:${name}`, input };
  }
  const index = input.IndexName === undefined ? "" : `/index/${input.IndexName}`;
  return {
    service: "dynamodb",
    action,
    resource: `arn:aws:dynamodb:${PLACE}:table/${input.TableName}${index}`,
    input,
  };
}

/** The steps of every sweep that has work to do, in order. */
export const STEPS = ["list", "lease", "read", "secret", "current", "publish", "commit", "release"] as const;

/** What a call of a sweep is for: a step of its work, or a record of organisations that are stuck or behind. */
export type Step = (typeof STEPS)[number] | "behind" | "health";

/** The step of a sweep that a call belongs to; undefined for a call that no sweep makes. */
export function stepOf({ service, action, input }: AwsCall): Step | undefined {
  if (service === "sns") return action === "PublishBatch" ? "publish" : undefined;
  if (service === "sqs") return undefined;
  if (service === "secretsmanager") return action === "GetSecretValue" ? "secret" : undefined;
  if (input.IndexName !== undefined) return "read";
  // A sweep reads whether it still holds the shard before it writes records of what is behind.
  if (action === "GetItem") return shardOf(input) === undefined ? "current" : "behind";
  const partition = partitionOf(input);
  if (action === "Query") return partition?.startsWith("#behind#") ? "behind" : "list";
  if (partition === "#health") return "health";
  if (partition?.startsWith("#behind#")) return "behind";
  if (action !== "UpdateItem") return undefined;
  if (shardOf(input) === undefined) return "commit";
  return String(input.UpdateExpression).includes("REMOVE leaseUntil") ? "release" : "lease";
}

/** The partition key in a request. */
function partitionOf(input: Record<string, unknown>): string | undefined {
  const { pk } = (input.Key ?? input.Item ?? {}) as Record<string, { S?: string }>;
  const [, name = ""] = /^pk = (:\w+)$/.exec(String(input.KeyConditionExpression)) ?? [];
  const values = (input.ExpressionAttributeValues ?? {}) as Record<string, { S?: string }>;
  return pk?.S ?? values[name]?.S;
}

/** The number of the shard whose record a request is about; undefined for another item. */
export function shardOf(input: Record<string, unknown>): number | undefined {
  const { pk, sk } = (input.Key ?? {}) as Record<string, { S?: string }>;
  return pk?.S === "#shards" ? Number(sk?.S) : undefined;
}

/** The key of the item that a write is about. */
export function nameOfItem(input: Record<string, unknown>): string {
  const { pk, sk } = (input.Key ?? {}) as Record<string, { S?: string }>;
  return `${pk?.S}#${sk?.S}`;
}
