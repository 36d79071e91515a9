import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { type Database, openDatabase } from "../../lib/store/table.ts";
import { startDynamoDB } from "../../local/aws/dynamodb.ts";
import { createTable } from "../../local/aws/table.ts";
import { tableFromSource } from "../../local/template.ts";

const TABLE = "tracked-tasks";

/** The table, as the stores under test see it, over a socket that can lose answers. */
export class TestDatabase implements AsyncDisposable {
  readonly db: Database;
  readonly #server: AsyncDisposable;
  readonly #client: DynamoDBClient;
  #answersToLose = 0;
  /** Requests that reached the database since the start. */
  requests = 0;

  private constructor(server: AsyncDisposable, client: DynamoDBClient) {
    this.#server = server;
    this.#client = client;
    this.db = openDatabase(TABLE, client);
    // Below the SDK's retries: each attempt passes here, and an error that is thrown here is retried.
    client.middlewareStack.add(
      (next) => async (args) => {
        this.requests++;
        const answer = await next(args);
        if (this.#answersToLose === 0) return answer;
        this.#answersToLose--;
        throw Object.assign(new Error("socket hang up"), { name: "TimeoutError", code: "ECONNRESET" });
      },
      { step: "deserialize", priority: "high", name: "loseAnswers" },
    );
  }

  static async start(): Promise<TestDatabase> {
    const server = await startDynamoDB({});
    const client = new DynamoDBClient({
      endpoint: server.url,
      region: "eu-central-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts: 4,
    });
    await createTable(client, tableFromSource(), TABLE);
    return new TestDatabase(server, client);
  }

  /** Loses the answers to the next requests, which the database carries out. */
  loseAnswers(times = 1): void {
    this.#answersToLose = times;
  }

  /** An item as it is stored; undefined if there is none. */
  async item(pk: string, sk: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.#documents.send(
      new GetCommand({ TableName: TABLE, Key: { pk, sk }, ConsistentRead: true }),
    );
    return Item;
  }

  /** Writes an item directly, even one that no store would write. */
  async put(item: { pk: string; sk: string } & Record<string, unknown>): Promise<void> {
    await this.#documents.send(new PutCommand({ TableName: TABLE, Item: item }));
  }

  /** Writes an item with a number that JavaScript cannot represent. */
  async putNumber(key: { pk: string; sk: string }, name: string, number: string): Promise<void> {
    const Item = { pk: { S: key.pk }, sk: { S: key.sk }, [name]: { N: number } };
    await this.#client.send(new PutItemCommand({ TableName: TABLE, Item }));
  }

  get #documents(): DynamoDBDocumentClient {
    return DynamoDBDocumentClient.from(this.#client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    await this.#server[Symbol.asyncDispose]();
  }
}
