import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateQuery } from "@aws-sdk/lib-dynamodb";
import { limitsOf } from "../aws/limits.ts";

/** The table, and the way to it. */
export interface Database {
  client: DynamoDBDocumentClient;
  table: string;
}

/** The table by its name. */
export function openDatabase(table: string, client = new DynamoDBClient(limitsOf("table"))): Database {
  return {
    client: DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true },
      // By default a single number that is too large for JavaScript fails its whole page.
      unmarshallOptions: { wrapNumbers: Number },
    }),
    table,
  };
}

/** The result of a conditional write; undefined if its condition does not hold. */
export async function unlessRefused<Output>(write: Promise<Output>): Promise<Output | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/**
 * Every item under one partition key, page after page.
 *
 * @param signal ends the call early
 */
export async function partitionItems(
  { client, table }: Database,
  partition: string,
  { isConsistent = false, signal }: { isConsistent?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Record<string, unknown>[]> {
  const query = {
    TableName: table,
    KeyConditionExpression: "pk = :partition",
    ExpressionAttributeValues: { ":partition": partition },
    ConsistentRead: isConsistent,
  };
  const items: Record<string, unknown>[] = [];
  for await (const { Items = [] } of paginateQuery({ client }, query, { abortSignal: signal })) {
    items.push(...Items);
  }
  return items;
}
