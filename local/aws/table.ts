import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

/** The `Properties` of an AWS::DynamoDB::Table, as a packaged template has them. */
export type TableProperties = Readonly<Record<string, unknown>>;

/** The properties that CreateTable accepts under the same name and in the same form as CloudFormation. */
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
 * @param tableName for a template without a table name, or with one that is an intrinsic function
 * @returns the table's name
 * @throws {Error} if there is no name, and whatever CreateTable throws
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
  // The template is external data, and CreateTable reports what is wrong with it.
  const input = { ...given, TableName: name } as CreateTableCommandInput;
  await client.send(new CreateTableCommand(input));
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.5 }, { TableName: name });
  return name;
}
