import { type AttributeValue, QueryCommand } from "@aws-sdk/client-dynamodb";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Outcome } from "../tasks/decision.ts";
import { type IndexKey, type OpenTask, parseOpenTask } from "../tasks/record.ts";
import type { TrackedState } from "../tasks/state.ts";
import type { DownloadStatus } from "../tasks/status.ts";
import { type KeyRange, keyOf, parseIndexKey } from "./index-key.ts";
import { type Database, unlessRefused } from "./table.ts";

/** The sparse index: an item is in it for as long as its task is open. */
const OPEN_TASKS_INDEX = "open-tasks";
/** Items of a page at most. Small enough that two in memory are nothing, large enough that a query's overhead is. */
export const PAGE_SIZE = 1_000;

/** Condition: the task is open, and the one that was read; one that was deleted and put anew has another index key. */
const STILL_OPEN = "openKey = :key";

const DAY_MS = 24 * 60 * 60_000;

/** One page of a shard's open tasks, in their order. */
export interface OpenTaskPage {
  /** How many tasks it has, wanted or not. */
  read: number;
  /** Those that are wanted. */
  tasks: OpenTask[];
  /** Items that no version of this service could have written; they are passed over. */
  unreadable: { pk: unknown; sk: unknown }[];
  /** The last item, when there may be more in the range that was asked for. */
  end: PageEnd | undefined;
}

/** Where a page ended. */
export interface PageEnd {
  indexKey: string;
  /** What DynamoDB takes to go on behind it. */
  key: Record<string, unknown>;
}

/** The sweep's side of the table: reads open tasks and writes what was learnt of them. */
export class OpenTaskStore {
  readonly #db: Database;
  readonly #retentionDays: number;

  constructor(db: Database, retentionDays: number) {
    this.#db = db;
    this.#retentionDays = retentionDays;
  }

  /**
   * @param range the index keys to read
   * @param isWanted whether a task is, by its place; of the others nothing more is checked
   * @param after the key of the page before, to go on within the range
   * @param signal ends the call early
   */
  async page(
    shard: number,
    { from, through }: KeyRange,
    isWanted: (place: IndexKey) => boolean,
    after?: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<OpenTaskPage> {
    const { Items = [], LastEvaluatedKey } = await this.#db.client.send(
      new QueryCommand({
        TableName: this.#db.table,
        IndexName: OPEN_TASKS_INDEX,
        KeyConditionExpression: "openShard = :shard AND openKey BETWEEN :from AND :through",
        ExpressionAttributeValues: {
          ":shard": { N: String(shard) },
          ":from": { S: from },
          ":through": { S: through },
        },
        // All that there is but the shard, which is known.
        ProjectionExpression: "pk, sk, openKey, #state, notFoundSince, notFoundChecks",
        ExpressionAttributeNames: { "#state": "state" },
        ExclusiveStartKey: after as Record<string, AttributeValue> | undefined,
        Limit: PAGE_SIZE,
      }),
      signal && { abortSignal: signal },
    );
    const end = LastEvaluatedKey && { indexKey: LastEvaluatedKey.openKey?.S ?? "", key: LastEvaluatedKey };
    const tasks: OpenTask[] = [];
    const unreadable: OpenTaskPage["unreadable"] = [];
    for (const item of Items) {
      const place = parseIndexKey(item.openKey?.S ?? "");
      if (place && !isWanted(place)) continue;
      const task = place && parseOpenTask(item, place);
      if (task) tasks.push(task);
      else unreadable.push({ pk: item.pk?.S, sk: item.sk?.S });
    }
    return { read: Items.length - unreadable.length, tasks, unreadable, end };
  }

  /** Writes that an open task is in another state, or known to EnOS again. */
  change(task: OpenTask, state: TrackedState, status: DownloadStatus, now: number): Promise<boolean> {
    const isNew = state !== task.state;
    return this.#update(
      task,
      STILL_OPEN,
      `SET #state = :state, progressCode = :code, progressDesc = :desc${
        isNew ? ", stateSince = :now" : ""
      } REMOVE notFoundSince, notFoundChecks`,
      {
        ":state": state,
        ":code": status.progressCode,
        ":desc": status.progressDesc,
        ...(isNew && { ":now": now }),
      },
    );
  }

  /** Writes that EnOS did not know the task. */
  missing(task: OpenTask, since: number, checks: number): Promise<boolean> {
    return this.#update(task, STILL_OPEN, "SET notFoundSince = :since, notFoundChecks = :checks", {
      ":since": since,
      ":checks": checks,
    });
  }

  /** Closes a task: it leaves the index, and the table when its retention is over. */
  finish(task: OpenTask, { state, status, reason }: Outcome, now: number): Promise<boolean> {
    return this.#update(
      task,
      // Or closed by this very write, whose answer was lost, so that the SDK makes it again.
      `${STILL_OPEN} OR (#state = :state AND finishedAt = :now AND trackedAt = :trackedAt)`,
      `SET #state = :state, stateSince = :now, finishedAt = :now, expiresAt = :expires, reason = :reason${
        status ? ", progressCode = :code, progressDesc = :desc, downloadUrl = :url, dataSize = :size" : ""
      } REMOVE openShard, openKey, notFoundSince, notFoundChecks`,
      {
        ":state": state,
        ":now": now,
        ":expires": Math.ceil((now + this.#retentionDays * DAY_MS) / 1000),
        ":reason": reason,
        ":trackedAt": task.trackedAt,
        ...(status && {
          ":code": status.progressCode,
          ":desc": status.progressDesc,
          ":url": status.downloadUrl,
          ":size": status.dataSize,
        }),
      },
    );
  }

  /** False when the task is no longer the one that was read: finished by another sweep, deleted, or put anew. */
  async #update(
    task: OpenTask,
    condition: string,
    expression: string,
    values: Record<string, unknown>,
  ): Promise<boolean> {
    const written = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOf(task),
          UpdateExpression: expression,
          ConditionExpression: condition,
          ExpressionAttributeNames: expression.includes("#state") ? { "#state": "state" } : undefined,
          ExpressionAttributeValues: { ...values, ":key": task.indexKey },
        }),
      ),
    );
    return written !== undefined;
  }
}
