import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/** The table, and the way to it. */
export interface Database {
  client: DynamoDBDocumentClient;
  table: string;
}

/** A client whose calls fail within seconds: the callers' time is short, and every call here may be repeated. */
const connect = () =>
  new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: 3_000,
      throwOnRequestTimeout: true,
      httpsAgent: { maxSockets: 100 },
    },
  });

/** The table by its name. */
export function openDatabase(table: string, client = connect()): Database {
  return {
    client: DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true },
      // By default one number that is too large for JavaScript fails the whole page that it is on.
      unmarshallOptions: { wrapNumbers: Number },
    }),
    table,
  };
}
