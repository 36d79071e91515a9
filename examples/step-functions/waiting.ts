import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { DeleteCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { TaskKey } from "../../lib/tasks/key.ts";

/** Longer than anybody waits; then DynamoDB deletes what is left. */
const KEPT_SECONDS = 10 * 86_400;

/** An execution that waits, and the token with which it is let go on. */
export interface Waiter {
  execution: string;
  taskToken: string;
}

/** Which executions wait for which tasks: a table with the keys `task` and `execution`, and the TTL `expiresAt`. */
export class Waiting {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Remembers that an execution waits; of an earlier wait of it only the last token is good. */
  async add(task: TaskKey, { execution, taskToken }: Waiter): Promise<void> {
    const expiresAt = Math.floor(Date.now() / 1000) + KEPT_SECONDS;
    const Item = { task: nameOf(task), execution, taskToken, expiresAt };
    await this.#client.send(new PutCommand({ TableName: this.#table, Item }));
  }

  async of(task: TaskKey): Promise<Waiter[]> {
    const { Items = [] } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: "task = :task",
        ExpressionAttributeValues: { ":task": nameOf(task) },
        ConsistentRead: true,
      }),
    );
    return Items as Waiter[];
  }

  async remove(task: TaskKey, { execution }: Waiter): Promise<void> {
    const Key = { task: nameOf(task), execution };
    await this.#client.send(new DeleteCommand({ TableName: this.#table, Key }));
  }
}

function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}/${channelId}/${taskId}`;
}
