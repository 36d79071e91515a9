import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { CLOCK_ERROR_MS, type Progress, parseProgress, progressItem } from "./checkpoint.ts";
import { type Database, unlessRefused } from "./table.ts";

/** The shards' records stand together under a key that no organisation can have. */
const SHARDS = "#shards";

/** No invocation, and so no lease, is longer than Lambda's quarter of an hour and a margin. */
const LONGEST_LEASE_MS = 16 * 60_000;

/** A shard as a sweep finds it. */
export interface Shard {
  number: number;
  progress: Progress;
  /** The watermark as it is written, even one that no sweep could have written; 0 when it is no number. */
  watermark: number;
  /** Unix milliseconds; 0 when nobody holds it. */
  leaseUntil: number;
}

/**
 * Makes sure that sweeps know of a shard before the first task is put into it, so that no later change of the
 * shard count can strand that task.
 */
export async function announceShard(db: Database, number: number): Promise<void> {
  const Key = keyOfShard(number);
  const { Item } = await db.client.send(new GetCommand({ TableName: db.table, Key }));
  if (Item) return;
  // A sweep that was faster keeps what it wrote.
  await unlessRefused(
    db.client.send(
      // A put, since who tracks may put items and not update them.
      new PutCommand({
        TableName: db.table,
        Item: { ...Key, announced: true },
        ConditionExpression: "attribute_not_exists(pk)",
      }),
    ),
  );
}

/** The shards' records: watermarks and leases. */
export class ShardStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Every shard that there is: those of today's count, and those that an earlier, larger count left behind.
   *
   * @param count today's number of shards
   * @param signal ends the call early, here and below
   */
  async list(count: number, signal?: AbortSignal): Promise<Shard[]> {
    const shards = new Map<number, Shard>();
    for (let number = 0; number < count; number++) {
      shards.set(number, readShard(number, undefined));
    }
    let next: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#db.client.send(
        new QueryCommand({
          TableName: this.#db.table,
          KeyConditionExpression: "pk = :shards",
          ExpressionAttributeValues: { ":shards": SHARDS },
          ExclusiveStartKey: next,
        }),
        signal && { abortSignal: signal },
      );
      for (const item of Items) {
        const number = Number(item.sk);
        const isShard = Number.isSafeInteger(number) && number >= 0 && String(number) === item.sk;
        if (isShard) shards.set(number, readShard(number, item));
      }
      next = LastEvaluatedKey;
    } while (next);
    return [...shards.values()];
  }

  /**
   * Takes a shard for this sweep alone.
   *
   * @param shard as it was listed: one that another sweep has swept since is left alone, it has had its turn
   * @param owner names this sweep, so that nobody else can move its watermark
   * @returns the shard as it is under the lease; undefined when somebody else holds it, or has swept it
   */
  async lease(
    { number, watermark }: Shard,
    owner: string,
    now: number,
    until: number,
    signal?: AbortSignal,
  ): Promise<Shard | undefined> {
    const latest = now + CLOCK_ERROR_MS;
    const seen = watermark > 0 && watermark < latest ? watermark : 0;
    const leased = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOfShard(number),
          UpdateExpression: "SET leaseUntil = :until, leaseOwner = :owner",
          // In the negative and within bounds, so that an attribute that is missing, or none that a sweep could have
          // written, does not bar the shard for good.
          // A lease whose answer was lost is asked for again by the SDK: it is the owner's already.
          ConditionExpression:
            "(NOT leaseUntil BETWEEN :now AND :longest AND NOT sweptThrough BETWEEN :since AND :latest) OR leaseOwner = :owner",
          ExpressionAttributeValues: {
            ":until": until,
            ":owner": owner,
            ":now": now,
            ":longest": now + LONGEST_LEASE_MS,
            ":since": seen + 1,
            ":latest": latest,
          },
          ReturnValues: "ALL_NEW",
        }),
        signal && { abortSignal: signal },
      ),
    );
    return leased && readShard(number, leased.Attributes);
  }

  /** Gives the shard back, with how far it was swept; without, it stays as it was. */
  async release(number: number, owner: string, progress?: Progress, signal?: AbortSignal): Promise<boolean> {
    // The owner's name stays until the next lease: so the SDK can say it again when the answer was lost.
    const free = "REMOVE leaseUntil";
    const advance = "SET sweptThrough = :sweptThrough, rest = :rest, behind = :behind";
    const expression = progress ? `${advance} ${free}` : free;
    const item = progress && progressItem(progress);
    const values = item && { ":sweptThrough": item.sweptThrough, ":rest": item.rest, ":behind": item.behind };
    const written = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOfShard(number),
          UpdateExpression: expression,
          ConditionExpression: "leaseOwner = :owner",
          ExpressionAttributeValues: { ...values, ":owner": owner },
        }),
        signal && { abortSignal: signal },
      ),
    );
    return written !== undefined;
  }
}

function keyOfShard(number: number): { pk: string; sk: string } {
  return { pk: SHARDS, sk: String(number) };
}

function readShard(number: number, item: Record<string, unknown> | undefined): Shard {
  return {
    number,
    progress: parseProgress(item),
    watermark: finite(item?.sweptThrough),
    leaseUntil: finite(item?.leaseUntil),
  };
}

function finite(value: unknown): number {
  return Number.isFinite(value) ? (value as number) : 0;
}

/** Whether another sweep holds the shard. */
export function isLeased({ leaseUntil }: Shard, now: number): boolean {
  return leaseUntil >= now && leaseUntil <= now + LONGEST_LEASE_MS;
}
