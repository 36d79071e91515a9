import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { type Carried, carriedAttributes } from "../tasks/carried.ts";
import type { TaskKey } from "../tasks/key.ts";
import { isExpired, parseRecord, type TrackedTask } from "../tasks/record.ts";
import type { TrackedState } from "../tasks/state.ts";
import { indexEntryOf, keyOf } from "./index-key.ts";
import { announceShard } from "./shard-store.ts";
import { type Database, unlessRefused } from "./table.ts";

/** Items that one query of a list reads at most, and how many queries one page may take. */
const QUERY_SIZE = 200;
const QUERIES_PER_PAGE = 10;

type Item = Record<string, unknown>;

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

/** What a caller may say of a task as tracking starts. */
export interface TrackingOptions extends Partial<Carried> {
  /** When tracking gives up, in seconds from now; the service's own deadline counts where it is not there. */
  deadlineSeconds?: number;
}

/** Hears of an item that no version of this service could have written. */
export type OnUnreadable = (key: { pk: unknown; sk: unknown }) => void;

/** Tells the service which tasks to watch. The signal that each method takes ends its call to the database early. */
export class TaskStore {
  readonly #db: Database;
  readonly #shardCount: number;
  readonly #announced = new Set<number>();
  readonly #now: () => number;
  readonly #onUnreadable: OnUnreadable;

  constructor(
    db: Database,
    shardCount: number,
    now: () => number = Date.now,
    onUnreadable: OnUnreadable = () => {},
  ) {
    this.#db = db;
    this.#shardCount = shardCount;
    this.#now = now;
    this.#onUnreadable = onUnreadable;
  }

  /** Starts to track a task; does nothing to one that is tracked already, whatever the options say. */
  async put(
    task: TaskKey,
    options: TrackingOptions = {},
    signal?: AbortSignal,
  ): Promise<{ record: TrackedTask; created: boolean }> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const started = await this.#start(task, options, signal);
      if (started) return { record: started, created: true };
      const item = await this.#item(task, signal);
      const existing = this.#read(item);
      if (existing) return { record: existing, created: false };
      // It says nothing that could be kept. Without an item, it was deleted between the two calls.
      if (item) await this.delete(task, signal);
    }
    throw new Error("the task is deleted as often as it is put");
  }

  /** Undefined when the task is tracked already. */
  async #start(
    task: TaskKey,
    options: TrackingOptions,
    signal: AbortSignal | undefined,
  ): Promise<TrackedTask | undefined> {
    const { deadlineSeconds, ...carried } = options;
    const now = this.#now();
    const place = indexEntryOf(task, now, this.#shardCount);
    await this.#announce(place.openShard);
    const item = {
      ...keyOf(task),
      ...place,
      trackedAt: now,
      state: "pending",
      stateSince: now,
      ...carriedAttributes(carried),
      ...(deadlineSeconds !== undefined && { deadlineAt: now + deadlineSeconds * 1000 }),
    };
    const written = await unlessRefused(
      this.#db.client.send(
        new PutCommand({
          TableName: this.#db.table,
          Item: item,
          // A record whose time is up may still be there: DynamoDB takes days to delete it.
          ConditionExpression: "attribute_not_exists(pk) OR expiresAt <= :now",
          ExpressionAttributeValues: { ":now": Math.floor(now / 1000) },
        }),
        signal && { abortSignal: signal },
      ),
    );
    return written && parseRecord(item, now);
  }

  /** The task's record, if it is or was tracked and has not expired. */
  async get(task: TaskKey, signal?: AbortSignal): Promise<TrackedTask | undefined> {
    return this.#read(await this.#item(task, signal));
  }

  /** Forgets a task; does nothing when there is none. */
  async delete(task: TaskKey, signal?: AbortSignal): Promise<void> {
    await this.#db.client.send(
      new DeleteCommand({ TableName: this.#db.table, Key: keyOf(task) }),
      signal && { abortSignal: signal },
    );
  }

  /**
   * A page of an organisation's records, in no promised order. Never reads beyond the organisation, whatever
   * `after` says. May be short, or empty, and yet have a next page: a state's records can be far apart.
   */
  async list({ orgId, state, limit, after }: ListRequest, signal?: AbortSignal): Promise<Page> {
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
        signal && { abortSignal: signal },
      );
      for (const item of Items) {
        const record = this.#read(item);
        const wanted = record && (!state || record.state === state);
        if (wanted && tasks.length === limit) return { tasks, after: place };
        if (wanted) tasks.push(record);
        place = item.sk as string;
      }
      if (!LastEvaluatedKey) return { tasks, after: null };
    }
    return { tasks, after: place };
  }

  async #item(task: TaskKey, signal: AbortSignal | undefined): Promise<Item | undefined> {
    const { Item } = await this.#db.client.send(
      new GetCommand({ TableName: this.#db.table, Key: keyOf(task), ConsistentRead: true }),
      signal && { abortSignal: signal },
    );
    return Item;
  }

  #read(item: Item | undefined): TrackedTask | undefined {
    if (!item || isExpired(item, this.#now())) return undefined;
    const record = parseRecord(item, this.#now());
    if (!record) this.#onUnreadable({ pk: item.pk, sk: item.sk });
    return record;
  }

  async #announce(shard: number): Promise<void> {
    if (this.#announced.has(shard)) return;
    await announceShard(this.#db, shard);
    this.#announced.add(shard);
  }
}
