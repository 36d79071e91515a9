import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

/** The `Properties` of an AWS::DynamoDB::Table, as a packaged template has them. */
export type TableProperties = Readonly<Record<string, unknown>>;

/** What CreateTable takes under the very name and in the very form of CloudFormation. */
const SHARED = [
  "AttributeDefinitions",
  "KeySchema",
  "GlobalSecondaryIndexes",
  "LocalSecondaryIndexes",
  "BillingMode",
  "ProvisionedThroughput",
] as const;

/**
 * Creates the table that a template describes and waits until it is active. What only a real table has (TTL,
 * point-in-time recovery, encryption, tags, streams) is left out: dynalite has no UpdateTimeToLive and would refuse
 * the rest.
 *
 * @param tableName for a template that names none, or names it by an intrinsic function
 * @returns the table's name
 * @throws Error when there is no name, and what CreateTable throws
 */
export async function createTable(
  client: DynamoDBClient,
  properties: TableProperties,
  tableName?: string,
): Promise<string> {
  const name = tableName ?? properties.TableName;
  if (typeof name !== "string") throw new Error("the table has no name: give one");
  const given = Object.fromEntries(
    SHARED.filter((key) => properties[key] !== undefined).map((key) => [key, properties[key]]),
  );
  // The template is data from outside; CreateTable itself says what is wrong with it.
  const input = { ...given, TableName: name } as CreateTableCommandInput;
  await client.send(new CreateTableCommand(input));
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.5 }, { TableName: name });
  return name;
}
