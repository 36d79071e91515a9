import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { indexEntryOf, keyOf } from "../../lib/store/index-key.ts";
import { createTable } from "../../local/aws/table.ts";
import { tableFromSource } from "../../local/template.ts";
import { CHANNEL, ORGANISATION } from "./enos.ts";
import { Part } from "./part.ts";

const TABLE = "tracked-tasks";
const BATCH = 25;

/** DynamoDB (dynalite) in a process of its own, with the table that would be deployed. */
export class Table implements AsyncDisposable {
  readonly #part: Part;
  readonly #client: DynamoDBDocumentClient;

  private constructor(part: Part, client: DynamoDBDocumentClient) {
    this.#part = part;
    this.#client = client;
  }

  static async start(): Promise<Table> {
    const part = await Part.start("local/aws/dynamodb-main.ts");
    const client = new DynamoDBClient({
      endpoint: part.url,
      region: "eu-central-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
    await createTable(client, tableFromSource(), TABLE);
    return new Table(part, DynamoDBDocumentClient.from(client));
  }

  /** The settings that point a function here. */
  get env(): Record<string, string> {
    return { AWS_ENDPOINT_URL_DYNAMODB: this.#part.url, TRACKED_TASKS_TABLE: TABLE };
  }

  /**
   * Puts so many open tasks.
   *
   * @param shards over which they are spread
   * @param ageMs for how long they are tracked
   */
  async seed(count: number, shards: number, ageMs: number): Promise<void> {
    const since = Date.now() - ageMs;
    for (let start = 0; start < count; start += BATCH) {
      const items = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => {
        const task = { orgId: ORGANISATION.orgId, channelId: CHANNEL, taskId: taskId(start + index) };
        return {
          ...keyOf(task),
          ...indexEntryOf(task, since, shards),
          trackedAt: since,
          state: "running",
          stateSince: since,
          progressCode: 1,
          progressDesc: "downloading",
        };
      });
      await this.#client.send(
        new BatchWriteCommand({ RequestItems: { [TABLE]: items.map((Item) => ({ PutRequest: { Item } })) } }),
      );
    }
  }

  /** @see rewind */
  rewind(shards: number, ageMs: number): Promise<void> {
    return rewind(this.#client, shards, ageMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    await this.#part[Symbol.asyncDispose]();
  }
}

/** Sets every shard's watermark so long ago: after an hour all of the tasks are due, after none no task is. */
export async function rewind(client: DynamoDBDocumentClient, shards: number, ageMs: number): Promise<void> {
  const sweptThrough = Date.now() - ageMs;
  for (let shard = 0; shard < shards; shard++) {
    const Item = { pk: "#shards", sk: String(shard), sweptThrough, rest: null, behind: [] };
    await client.send(new PutCommand({ TableName: TABLE, Item }));
  }
}

/** The id of the n-th task, of the length that EnOS's have. */
export function taskId(n: number): string {
  return n.toString(16).padStart(32, "0");
}
