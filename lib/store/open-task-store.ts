import {
  type AttributeValue,
  GetItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Carried } from "../tasks/carried.ts";
import type { Outcome, StateChange } from "../tasks/decision.ts";
import type { TaskKey } from "../tasks/key.ts";
import type { IndexKey, OpenTask } from "../tasks/record.ts";
import { keyOf, parseIndexKey } from "./index-key.ts";
import type { KeySpan } from "./key-span.ts";
import { isMark } from "./mark.ts";
import { type Database, unlessRefused } from "./table.ts";
import { carriedOf, expiryOf, parseDeadline, parseOpenTask } from "./task-item.ts";

/** The sparse index: an item is in it for as long as its task is open. */
const OPEN_TASKS_INDEX = "open-tasks";
/** The most items of a page: few enough to hold two pages in memory, many enough that a query's overhead does not matter. */
export const PAGE_SIZE = 1_000;

/** How many pages of an organisation's records are searched for another open task: some thousands of records. */
const OTHER_PAGES = 6;

/** Condition: the task is still open and the one that was read; one that was deleted and put again has another index key. */
const STILL_OPEN = "openKey = :key";

/** Condition: no sweep has since recorded that the task's state is uncertain. This one may have been frozen meanwhile. */
const NO_LATER_UNCERTAINTY = "NOT uncertainSince > :readUncertain";

/** One page of a shard's open tasks, in the order of their index keys. */
export interface OpenTaskPage {
  /** The number of its tasks, wanted or not. */
  read: number;
  /** Those that are wanted. */
  tasks: OpenTask[];
  /** Items that no version of this service could have written; they are skipped. */
  unreadable: { pk: unknown; sk: unknown }[];
  /** The last item, when there may be more in the span that was asked for. */
  end: PageEnd | undefined;
}

/** Where a page ended. */
export interface PageEnd {
  indexKey: string;
  /** DynamoDB's key for continuing after it. */
  key: Record<string, unknown>;
}

/** The table's state of a named task. */
export type FoundTask =
  | { kind: "open"; task: OpenTask; shard: number }
  | { kind: "closed" | "stopped" | "untracked" };

/** Another task of an organisation: there is `none`, or among many records none was found. */
export type OtherTask = { kind: "found"; task: OpenTask } | { kind: "none" | "unknown" };

/** Whether a task is wanted, by its index key and its own deadline (Unix milliseconds), if it has one. */
export type IsWanted = (key: IndexKey, deadlineAt: number | undefined) => boolean;

/** The sweep's access to the table: reads open tasks and writes what checks have learnt. */
export class OpenTaskStore {
  readonly #db: Database;
  readonly #retentionDays: number;

  constructor({ db, retentionDays }: { db: Database; retentionDays: number }) {
    this.#db = db;
    this.#retentionDays = retentionDays;
  }

  /**
   * @param span the index keys to read
   * @param isWanted tasks that are not wanted are not parsed
   * @param after the key of the page before, to go on within the span
   * @param signal ends the call early
   */
  async page(
    shard: number,
    { from, to }: KeySpan,
    isWanted: IsWanted,
    after?: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<OpenTaskPage> {
    const { Items = [], LastEvaluatedKey } = await this.#db.client.send(
      new QueryCommand({
        TableName: this.#db.table,
        IndexName: OPEN_TASKS_INDEX,
        KeyConditionExpression: "openShard = :shard AND openKey BETWEEN :from AND :to",
        ExpressionAttributeValues: {
          ":shard": { N: String(shard) },
          // A key condition takes no empty text.
          ":from": { S: from || "0" },
          ":to": { S: to },
        },
        // Everything except the shard, which is known.
        ProjectionExpression:
          "pk, sk, openKey, #state, notFoundSince, notFoundChecks, deadlineAt, uncertainSince",
        ExpressionAttributeNames: { "#state": "state" },
        ExclusiveStartKey: after as Record<string, AttributeValue> | undefined,
        Limit: PAGE_SIZE,
      }),
      signal && { abortSignal: signal },
    );
    const end = LastEvaluatedKey && { indexKey: LastEvaluatedKey.openKey?.S ?? "", key: LastEvaluatedKey };
    // BETWEEN includes its end.
    while (Items.at(-1)?.openKey?.S === to) Items.pop();
    const tasks: OpenTask[] = [];
    const unreadable: OpenTaskPage["unreadable"] = [];
    const sharedId = shareEqual();
    for (const item of Items) {
      const key = parseIndexKey(item.openKey?.S ?? "");
      if (key && !isWanted(key, parseDeadline(item))) continue;
      const task = key && parseOpenTask(item, key);
      if (task) tasks.push({ ...task, orgId: sharedId(task.orgId), channelId: sharedId(task.channelId) });
      else unreadable.push({ pk: item.pk?.S, sk: item.sk?.S });
    }
    return { read: Items.length - unreadable.length, tasks, unreadable, end };
  }

  /**
   * A task as it is in the table now, whatever the index showed, with what its caller attached; undefined if it has been
   * closed, deleted, or replaced by a new one.
   */
  async current(task: OpenTask): Promise<{ task: OpenTask; carried: Carried } | undefined> {
    const { Item } = await this.#db.client.send(
      new GetItemCommand({
        TableName: this.#db.table,
        Key: attributeKey(task),
        ConsistentRead: true,
      }),
    );
    if (!Item || Item.openKey?.S !== task.indexKey) return undefined;
    const current = parseOpenTask(Item, task);
    const texts = Object.fromEntries(Object.entries(Item).map(([name, value]) => [name, value.S]));
    return current && { task: current, carried: carriedOf(texts) };
  }

  /**
   * Looks a task up, strongly consistent.
   *
   * @returns `untracked` if there is no record, or an expired one; `closed` if the task is; `stopped` if its
   *   tracking was stopped
   */
  async find(task: TaskKey, now: number, signal?: AbortSignal): Promise<FoundTask> {
    const { Item } = await this.#db.client.send(
      new GetItemCommand({ TableName: this.#db.table, Key: attributeKey(task), ConsistentRead: true }),
      signal && { abortSignal: signal },
    );
    const expiresAt = Number(Item?.expiresAt?.N);
    if (!Item || expiresAt * 1000 <= now) return { kind: "untracked" };
    if (isMark(Item)) return { kind: "stopped" };
    const key = parseIndexKey(Item.openKey?.S ?? "");
    const open = key && parseOpenTask(Item, key);
    return open ? { kind: "open", task: open, shard: Number(Item.openShard?.N) } : { kind: "closed" };
  }

  /**
   * Another open task of the same organisation. Searches its records from the task's own on and then from the first one,
   * and chooses at random among the tasks on the first page that has any.
   *
   * @param except index keys of tasks that will not do either
   */
  async another(task: OpenTask, except: ReadonlySet<string>, signal?: AbortSignal): Promise<OtherTask> {
    const own = attributeKey(task);
    let after: QueryCommandOutput["LastEvaluatedKey"] = own;
    let isBeforeOwn = false;
    for (let page = 0; page < OTHER_PAGES; page++) {
      const { Items = [], LastEvaluatedKey } = (await this.#db.client.send(
        new QueryCommand({
          TableName: this.#db.table,
          KeyConditionExpression: isBeforeOwn ? "pk = :org AND sk < :own" : "pk = :org",
          FilterExpression: "attribute_exists(openKey) AND openKey <> :key",
          ExpressionAttributeValues: {
            ":org": { S: task.orgId },
            ":key": { S: task.indexKey },
            ...(isBeforeOwn ? { ":own": own.sk as AttributeValue } : {}),
          },
          ExclusiveStartKey: after,
          Limit: PAGE_SIZE,
        }),
        signal && { abortSignal: signal },
      )) as QueryCommandOutput;
      const tasks = Items.flatMap((item) => {
        const key = parseIndexKey(item.openKey?.S ?? "");
        return (key && !except.has(key.indexKey) && parseOpenTask(item, key)) || [];
      });
      const drawn = tasks[Math.floor(Math.random() * tasks.length)];
      if (drawn) return { kind: "found", task: drawn };
      if (!LastEvaluatedKey && isBeforeOwn) return { kind: "none" };
      isBeforeOwn ||= !LastEvaluatedKey;
      after = LastEvaluatedKey;
    }
    return { kind: "unknown" };
  }

  /** Writes that an open task has another state, or is known to EnOS again, if it is still as it was read. */
  change(task: OpenTask, { state, status, uncertainSince }: StateChange, now: number): Promise<boolean> {
    const isNew = state !== task.state;
    const isUncertain = uncertainSince !== undefined;
    return this.#update(task, {
      // Or already changed by this request, if its answer was lost and the SDK retries.
      condition: `${STILL_OPEN} AND ${NO_LATER_UNCERTAINTY} AND (#state = :state OR (${asRead(task)}))`,
      expression: `SET #state = :state, progressCode = :code, progressDesc = :desc${
        isNew ? ", stateSince = :now" : ""
      }${isUncertain ? ", uncertainSince = :uncertain" : ""} REMOVE notFoundSince, notFoundChecks${
        isUncertain ? "" : ", uncertainSince"
      }`,
      values: {
        ...readValues(task),
        ":readUncertain": task.uncertainSince ?? 0,
        ":state": state,
        ":code": status.progressCode,
        ":desc": status.progressDesc,
        ...(isNew && { ":now": now }),
        ...(isUncertain && { ":uncertain": uncertainSince }),
      },
    });
  }

  /** Writes since when an open task's state is uncertain, unless that is already written. */
  uncertain(task: OpenTask, since: number): Promise<boolean> {
    return this.#update(task, {
      condition: STILL_OPEN,
      expression: "SET uncertainSince = if_not_exists(uncertainSince, :uncertain)",
      values: { ":uncertain": since },
    });
  }

  /**
   * Writes that EnOS did not know the task, if it is still as it was read.
   *
   * @param uncertainSince when it was last known not to have ended, if EnOS knew the task until now
   */
  missing(task: OpenTask, since: number, checks: number, uncertainSince: number): Promise<boolean> {
    return this.#update(task, {
      // Or already written by this request, if its answer was lost and the SDK retries.
      condition: `${STILL_OPEN} AND ((${asRead(task)}) OR (notFoundSince = :since AND notFoundChecks = :checks))`,
      expression:
        "SET notFoundSince = :since, notFoundChecks = :checks, uncertainSince = if_not_exists(uncertainSince, :uncertain)",
      values: { ...readValues(task), ":since": since, ":checks": checks, ":uncertain": uncertainSince },
    });
  }

  /** Closes a task: it leaves the index at once, and the table after its retention. */
  finish(task: OpenTask, { state, status, reason }: Outcome, now: number): Promise<boolean> {
    return this.#update(task, {
      // Or already closed by this request, if its answer was lost and the SDK retries.
      condition: `${STILL_OPEN} OR (#state = :state AND finishedAt = :now AND trackedAt = :trackedAt)`,
      expression: `SET #state = :state, stateSince = :now, finishedAt = :now, endedOrg = :org, expiresAt = :expires, reason = :reason${
        status ? ", progressCode = :code, progressDesc = :desc, downloadUrl = :url, dataSize = :size" : ""
      } REMOVE openShard, openKey, notFoundSince, notFoundChecks, uncertainSince`,
      values: {
        ":state": state,
        ":now": now,
        ":org": task.orgId,
        ":expires": expiryOf(now, this.#retentionDays),
        ":reason": reason,
        ":trackedAt": task.trackedAt,
        ...(status && {
          ":code": status.progressCode,
          ":desc": status.progressDesc,
          ":url": status.downloadUrl,
          ":size": status.dataSize,
        }),
      },
    });
  }

  /** False when the task is no longer as it was read: changed by another sweep, closed, deleted, or put again. */
  async #update(
    task: OpenTask,
    update: { condition: string; expression: string; values: Record<string, unknown> },
  ): Promise<boolean> {
    const written = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOf(task),
          UpdateExpression: update.expression,
          ConditionExpression: update.condition,
          ...(/#state/.test(update.expression + update.condition) && {
            ExpressionAttributeNames: { "#state": "state" },
          }),
          ExpressionAttributeValues: { ...update.values, ":key": task.indexKey },
        }),
      ),
    );
    return written !== undefined;
  }
}

/** Returns one and the same string for all equal ones: a sweep queues thousands of tasks with the same ids. */
function shareEqual(): (text: string) => string {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
}

/** Condition: no check has changed the task since it was read, which the index may not show yet. */
function asRead({ notFound }: OpenTask): string {
  // Negated, so that a missing or invalid count counts as 0.
  return `#state = :readState AND ${notFound ? "notFoundChecks = :readChecks" : "NOT notFoundChecks > :readChecks"}`;
}

function readValues({ state, notFound }: OpenTask): Record<string, unknown> {
  return { ":readState": state, ":readChecks": notFound?.checks ?? 0 };
}

/** The table's key as the plain client wants it. */
function attributeKey(task: TaskKey): Record<string, AttributeValue> {
  const { pk, sk } = keyOf(task);
  return { pk: { S: pk }, sk: { S: sk } };
}
