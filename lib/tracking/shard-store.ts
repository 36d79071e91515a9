import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { Database } from "./database.ts";
import { type Progress, parseProgress, progressItem } from "./progress.ts";

/** The shards' records stand together under a key that no organisation can have. */
const SHARDS = "#shards";

/** A shard as a sweep finds it. */
export interface Shard {
  number: number;
  progress: Progress;
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
  try {
    await db.client.send(
      // A put, since who tracks may put items and not update them.
      new PutCommand({
        TableName: db.table,
        Item: { ...Key, announced: true },
        ConditionExpression: "attribute_not_exists(pk)",
      }),
    );
  } catch (error) {
    // A sweep that was faster keeps what it wrote.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
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
   */
  async list(count: number): Promise<Shard[]> {
    const shards = new Map<number, Shard>();
    for (let number = 0; number < count; number++) {
      shards.set(number, { number, progress: parseProgress(undefined), leaseUntil: 0 });
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
      );
      for (const item of Items) {
        const number = Number(item.sk);
        if (Number.isInteger(number)) shards.set(number, readShard(number, item));
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
    { number, progress }: Shard,
    owner: string,
    now: number,
    until: number,
  ): Promise<Shard | undefined> {
    try {
      const { Attributes } = await this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOfShard(number),
          UpdateExpression: "SET leaseUntil = :until, leaseOwner = :owner",
          // In the negative, so that an attribute that is missing, or no number, does not bar the shard for good.
          // A lease whose answer was lost is asked for again by the SDK: it is the owner's already.
          ConditionExpression: "(NOT leaseUntil >= :now AND NOT sweptThrough > :seen) OR leaseOwner = :owner",
          ExpressionAttributeValues: {
            ":until": until,
            ":owner": owner,
            ":now": now,
            ":seen": progress.sweptThrough,
          },
          ReturnValues: "ALL_NEW",
        }),
      );
      return readShard(number, Attributes);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  /** Gives the shard back, with how far it was swept; without, it stays as it was. */
  async release(number: number, owner: string, progress?: Progress): Promise<boolean> {
    // The owner's name stays until the next lease: so the SDK can say it again when the answer was lost.
    const free = "REMOVE leaseUntil";
    const advance = "SET sweptThrough = :sweptThrough, rest = :rest, behind = :behind";
    const expression = progress ? `${advance} ${free}` : free;
    const item = progress && progressItem(progress);
    const values = item && { ":sweptThrough": item.sweptThrough, ":rest": item.rest, ":behind": item.behind };
    try {
      await this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOfShard(number),
          UpdateExpression: expression,
          ConditionExpression: "leaseOwner = :owner",
          ExpressionAttributeValues: { ...values, ":owner": owner },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

function keyOfShard(number: number): { pk: string; sk: string } {
  return { pk: SHARDS, sk: String(number) };
}

function readShard(number: number, item: Record<string, unknown> | undefined): Shard {
  return {
    number,
    progress: parseProgress(item),
    leaseUntil: typeof item?.leaseUntil === "number" ? item.leaseUntil : 0,
  };
}
