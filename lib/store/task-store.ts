import { GetCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Carried } from "../tasks/carried.ts";
import type { TaskKey } from "../tasks/key.ts";
import type { TrackedTask } from "../tasks/record.ts";
import type { TrackedState } from "../tasks/state.ts";
import { indexEntryOf, keyOf } from "./index-key.ts";
import { IS_MARK, isMark, MARK } from "./mark.ts";
import { announceShard } from "./shard-store.ts";
import { type Database, unlessRefused } from "./table.ts";
import { carriedAttributes, expiryOf, isExpired, parseRecord } from "./task-item.ts";

/** The most items that one query of a list reads, and the most queries for one page. */
const QUERY_SIZE = 200;
const QUERIES_PER_PAGE = 10;

/** The sparse index of ended tasks, by organisation and end. */
const ENDED_TASKS_INDEX = "ended-tasks";

type Item = Record<string, unknown>;

/** One page of a list. */
export interface Page {
  tasks: TrackedTask[];
  /** Where the next page begins; null after the last. */
  after: ListPosition | null;
}

/** A position in one organisation's list. */
export interface ListPosition {
  sk: string;
  /** In a list in the order of ends: Unix milliseconds. */
  finishedAt?: number;
}

/** What a list is asked for. */
export interface ListRequest {
  orgId: string;
  /** Only tasks in one of these states. */
  states?: readonly TrackedState[];
  /** Only tasks of this channel. */
  channelId?: string;
  /** Only tasks that ended then or later (Unix milliseconds), and in the order of their ends. */
  finishedSince?: number;
  limit: number;
  /** The `after` of the page before. */
  after?: ListPosition;
}

/** What a caller may set when tracking of a task starts. */
export interface TrackingOptions extends Partial<Carried> {
  /** When tracking gives up, in seconds from now; by default the service's own deadline applies. */
  deadlineSeconds?: number;
}

/** Called with the key of an item that no version of this service could have written. */
export type OnUnreadable = (key: { pk: unknown; sk: unknown }) => void;

/** Options of the store. */
export interface TaskStoreOptions {
  db: Database;
  shardCount: number;
  /** How long it is remembered that tracking of a task was stopped. */
  retentionDays: number;
  /** Unix milliseconds. */
  now?: () => number;
  onUnreadable?: OnUnreadable;
}

/** Condition: there is no record, or an expired one, which DynamoDB may take days to delete. */
const NO_RECORD = "attribute_not_exists(pk) OR expiresAt <= :now";

/** Starts and stops tracking, and reads records. The signal that each method takes ends its call to the database early. */
export class TaskStore {
  readonly #db: Database;
  readonly #shardCount: number;
  readonly #retentionDays: number;
  readonly #announced = new Set<number>();
  readonly #now: () => number;
  readonly #onUnreadable: OnUnreadable;

  constructor(options: TaskStoreOptions) {
    this.#db = options.db;
    this.#shardCount = options.shardCount;
    this.#retentionDays = options.retentionDays;
    this.#now = options.now ?? Date.now;
    this.#onUnreadable = options.onUnreadable ?? (() => {});
  }

  /**
   * Tells the sweeps of the shard that a task is about to be put into. {@link put} does so too: called before, while
   * something else is waited for, this saves a new process the time.
   */
  async announce(task: TaskKey): Promise<void> {
    const { openShard } = indexEntryOf(task, this.#now(), this.#shardCount);
    await this.#announce(openShard);
  }

  /**
   * Starts to track a task; leaves one that is already tracked unchanged, whatever the options.
   *
   * @param signal ends the call early; it is then unknown whether the task is tracked
   */
  async put(
    task: TaskKey,
    options: TrackingOptions = {},
    signal?: AbortSignal,
  ): Promise<{ record: TrackedTask; created: boolean }> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const started = await this.#start(task, { ...options, over: `${NO_RECORD} OR ${IS_MARK}` }, signal);
      if (started) return { record: started, created: true };
      const item = await this.#item(task, signal);
      const existing = this.#read(item);
      if (existing) return { record: existing, created: false };
      // An unreadable item is replaced. Without an item, or with a mark, the task was deleted between the two calls.
      if (item && !isMark(item)) await this.delete(task, signal);
    }
    throw new Error("the task is deleted as often as it is put");
  }

  /**
   * Starts to track a task that nobody asked for, unless it has a record, or its tracking was stopped.
   *
   * @param since when tracking counts as begun, in Unix milliseconds: it must not have been found open before
   */
  async adopt(task: TaskKey, since: number, signal?: AbortSignal): Promise<void> {
    await this.#start(task, { over: NO_RECORD, since }, signal);
  }

  /** Undefined when there is an item that must not be overwritten. */
  async #start(
    task: TaskKey,
    options: TrackingOptions & { over: string; since?: number },
    signal: AbortSignal | undefined,
  ): Promise<TrackedTask | undefined> {
    const { deadlineSeconds, over, since, ...carried } = options;
    const now = this.#now();
    const trackedAt = since ?? now;
    const entry = indexEntryOf(task, trackedAt, this.#shardCount);
    await this.#announce(entry.openShard);
    const item = {
      ...keyOf(task),
      ...entry,
      trackedAt,
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
          ConditionExpression: over,
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

  /**
   * Stops tracking a task, whether or not it is tracked. A mark is kept for as long as a record would be, so that a
   * callback of EnOS does not start the tracking again.
   */
  async delete(task: TaskKey, signal?: AbortSignal): Promise<void> {
    const now = this.#now();
    const Item = {
      ...keyOf(task),
      [MARK]: now,
      expiresAt: expiryOf(now, this.#retentionDays),
    };
    await this.#db.client.send(
      new PutCommand({ TableName: this.#db.table, Item }),
      signal && { abortSignal: signal },
    );
  }

  /**
   * A page of an organisation's records: in the order in which tasks ended if `finishedSince` is given, otherwise in no
   * particular order. Never reads beyond the organisation, whatever `after` is. A page may be short or empty and still
   * have a next one, since the records with a state can be far apart.
   */
  async list(request: ListRequest, signal?: AbortSignal): Promise<Page> {
    const { states, channelId, limit } = request;
    const isWanted = (record: TrackedTask) =>
      (!states || states.includes(record.state)) &&
      (channelId === undefined || record.channelId === channelId);
    const range = rangeOf(request);
    const tasks: TrackedTask[] = [];
    let position = startOf(request);
    if (position === "past the end") return { tasks, after: null };
    for (let queries = 0; queries < QUERIES_PER_PAGE; queries++) {
      const { Items = [], LastEvaluatedKey } = await this.#db.client.send(
        new QueryCommand({
          TableName: this.#db.table,
          ...range,
          ExclusiveStartKey: position ? startKey(request.orgId, position) : undefined,
          Limit: states || channelId !== undefined ? QUERY_SIZE : limit + 1,
        }),
        signal && { abortSignal: signal },
      );
      for (const item of Items) {
        const record = this.#read(item);
        const wanted = record && isWanted(record);
        if (wanted && tasks.length === limit) return { tasks, after: position ?? null };
        if (wanted) tasks.push(record);
        position = positionAfter(item, request);
      }
      if (!LastEvaluatedKey) return { tasks, after: null };
    }
    return { tasks, after: position ?? null };
  }

  async #item(task: TaskKey, signal: AbortSignal | undefined): Promise<Item | undefined> {
    const { Item } = await this.#db.client.send(
      new GetCommand({ TableName: this.#db.table, Key: keyOf(task), ConsistentRead: true }),
      signal && { abortSignal: signal },
    );
    return Item;
  }

  #read(item: Item | undefined): TrackedTask | undefined {
    if (!item || isMark(item) || isExpired(item, this.#now())) return undefined;
    const record = parseRecord(item, this.#now());
    if (!record) this.#onUnreadable({ pk: item.pk, sk: item.sk });
    return record;
  }

  async #announce(shard: number): Promise<void> {
    if (this.#announced.has(shard)) return;
    await announceShard(this.#db, shard, this.#now());
    this.#announced.add(shard);
  }
}

/** What a list reads: an organisation, one of its channels, or its tasks that ended since then. */
function rangeOf({ orgId, channelId, finishedSince }: ListRequest) {
  if (finishedSince !== undefined) {
    return {
      IndexName: ENDED_TASKS_INDEX,
      KeyConditionExpression: "endedOrg = :org AND finishedAt >= :since",
      ExpressionAttributeValues: { ":org": orgId, ":since": finishedSince },
    };
  }
  if (channelId !== undefined) {
    return {
      KeyConditionExpression: "pk = :org AND begins_with(sk, :channel)",
      ExpressionAttributeValues: { ":org": orgId, ":channel": channelPrefix(channelId) },
    };
  }
  return { KeyConditionExpression: "pk = :org", ExpressionAttributeValues: { ":org": orgId } };
}

/**
 * The position after which reading begins; undefined for the beginning, `past the end` if nothing follows it. DynamoDB
 * refuses a position outside of the range that is read, which a cursor from a list with another filter may be.
 */
function startOf({
  channelId,
  finishedSince,
  after,
}: ListRequest): ListPosition | "past the end" | undefined {
  if (!after) return undefined;
  if (finishedSince !== undefined) return (after.finishedAt ?? 0) < finishedSince ? undefined : after;
  const prefix = channelId === undefined ? "" : channelPrefix(channelId);
  if (after.sk.startsWith(prefix)) return after;
  return after.sk < prefix ? undefined : "past the end";
}

function channelPrefix(channelId: string): string {
  return `${channelId}#`;
}

function startKey(orgId: string, { sk, finishedAt }: ListPosition): Item {
  return { pk: orgId, sk, ...(finishedAt !== undefined && { endedOrg: orgId, finishedAt }) };
}

function positionAfter(item: Item, { finishedSince }: ListRequest): ListPosition {
  return { sk: String(item.sk), ...(finishedSince !== undefined && { finishedAt: Number(item.finishedAt) }) };
}
