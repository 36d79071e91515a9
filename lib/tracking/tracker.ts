import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { TaskKey } from "../enos/task.ts";
import type { Database } from "./database.ts";
import { keyOf, parseRecord, placeOf, type TrackedState, type TrackedTask } from "./record.ts";
import { announceShard } from "./shard-store.ts";

/** Items that one query of a list reads at most, and how many queries one page may take. */
const QUERY_SIZE = 200;
const QUERIES_PER_PAGE = 10;

/** One page of a list. */
export interface Page {
  tasks: TrackedTask[];
  /** Where the next page begins; null after the last. */
  after: string | null;
}

/** What a list is asked for. */
export interface ListRequest {
  orgId: string;
  state?: TrackedState | undefined;
  limit: number;
  /** The `after` of the page before. */
  after?: string | undefined;
}

/** Tells the service which tasks to watch. */
export class Tracker {
  readonly #db: Database;
  readonly #shardCount: number;
  readonly #announced = new Set<number>();
  readonly #now: () => number;

  constructor(db: Database, shardCount: number, now: () => number = Date.now) {
    this.#db = db;
    this.#shardCount = shardCount;
    this.#now = now;
  }

  /**
   * Starts to track a task; does nothing to one that is tracked already.
   *
   * @throws {Error} when the task's item is there, but is no record that can be read
   */
  async put(task: TaskKey): Promise<{ record: TrackedTask; created: boolean }> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const started = await this.#start(task);
      if (started) return { record: started, created: true };
      const existing = await this.get(task);
      if (existing) return { record: existing, created: false };
      // Deleted, or expired, between the two calls: now the way is free.
    }
    throw new Error("the task's item cannot be read as a record");
  }

  /** Undefined when the task is tracked already. */
  async #start(task: TaskKey): Promise<TrackedTask | undefined> {
    const now = this.#now();
    const place = placeOf(task, this.#shardCount);
    await this.#announce(place.openShard);
    const item = { ...keyOf(task), ...place, trackedAt: now, state: "pending", stateSince: now };
    try {
      await this.#db.client.send(
        new PutCommand({
          TableName: this.#db.table,
          Item: item,
          // A record whose time is up may still be there: DynamoDB takes days to delete it.
          ConditionExpression: "attribute_not_exists(pk) OR expiresAt <= :now",
          ExpressionAttributeValues: { ":now": Math.floor(now / 1000) },
        }),
      );
      return parseRecord(item, now);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  /** The task's record, if it is or was tracked and has not expired. */
  async get(task: TaskKey): Promise<TrackedTask | undefined> {
    const { Item } = await this.#db.client.send(
      new GetCommand({ TableName: this.#db.table, Key: keyOf(task), ConsistentRead: true }),
    );
    return parseRecord(Item, this.#now());
  }

  /** Forgets a task; does nothing when there is none. */
  async delete(task: TaskKey): Promise<void> {
    await this.#db.client.send(new DeleteCommand({ TableName: this.#db.table, Key: keyOf(task) }));
  }

  /**
   * A page of an organisation's records, in no promised order. Never reads beyond the organisation, whatever
   * `after` says. May be short, or empty, and yet have a next page: a state's records can be far apart.
   */
  async list({ orgId, state, limit, after }: ListRequest): Promise<Page> {
    const tasks: TrackedTask[] = [];
    let place = after ?? null;
    for (let queries = 0; queries < QUERIES_PER_PAGE; queries++) {
      const { Items = [], LastEvaluatedKey } = await this.#db.client.send(
        new QueryCommand({
          TableName: this.#db.table,
          KeyConditionExpression: "pk = :org",
          ExpressionAttributeValues: { ":org": orgId },
          ExclusiveStartKey: place === null ? undefined : { pk: orgId, sk: place },
          Limit: state ? QUERY_SIZE : limit + 1,
        }),
      );
      for (const item of Items) {
        const record = parseRecord(item, this.#now());
        const wanted = record && (!state || record.state === state);
        if (wanted && tasks.length === limit) return { tasks, after: place };
        if (wanted) tasks.push(record);
        place = item.sk as string;
      }
      if (!LastEvaluatedKey) return { tasks, after: null };
    }
    return { tasks, after: place };
  }

  async #announce(shard: number): Promise<void> {
    if (this.#announced.has(shard)) return;
    await announceShard(this.#db, shard);
    this.#announced.add(shard);
  }
}
