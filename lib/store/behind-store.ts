import { DeleteCommand, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { type Gap, Gaps } from "./checkpoint.ts";
import { ALL, gapsOf, isSame, simplify } from "./coverage.ts";
import { type Database, partitionItems, unlessRefused } from "./table.ts";

/** An organisation that is behind its shard: what of it was checked less far, as gaps. */
export interface BehindRecord {
  orgId: string;
  /** None when the organisation has caught up: the record can be removed. */
  gaps: readonly Gap[];
  /** The gateway that does not answer, where that is why. */
  origin: string | undefined;
  /** False when it counts only as long as the shard's record names the sweep that wrote it: it is to be written again. */
  isSettled: boolean;
  /** The sweep that wrote it, as DynamoDB has it: so none that wakes up late writes over what it has not read. */
  sweep: unknown;
}

/** What becomes of a record. */
export interface BehindChange {
  orgId: string;
  gaps: readonly Gap[];
  origin?: string | undefined;
  /** As it was read; undefined when there was none. */
  before: BehindRecord | undefined;
}

const Item = z.object({
  gaps: Gaps,
  next: z.optional(Gaps),
  origin: z.optional(z.string()),
  sweep: z.string(),
});

/**
 * The organisations that are behind in a shard, one record each.
 *
 * A record may say that less was checked than was: that costs checks. It must never say more, nor be missing while a
 * sweep relies on it. What a record leaves out counts as checked as far as the shard. So what a sweep adds holds at
 * once, also when it comes late, but what it takes away must not hold before its sweep has moved the shard's watermark,
 * which nobody but the holder of the lease can do. Until then it is noted beside what held before (`next`), and counts
 * once the shard's record names the same sweep. A record of which nothing is left then may be removed by anybody at any
 * time, on the condition that it is still the one that was read: whoever needs it again has written it anew.
 */
export class BehindStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Every record of a shard, as it counts now.
   *
   * @param sweptBy the sweep that the shard's own record names, read under the lease
   */
  async list(shard: number, sweptBy: string | undefined, signal?: AbortSignal): Promise<BehindRecord[]> {
    const items = await partitionItems(this.#db, partition(shard), { isConsistent: true, signal });
    return items.map((item) => readRecord(item, sweptBy));
  }

  /**
   * The record of one organisation, as it counts now; undefined when there is none.
   *
   * @param sweptBy the sweep that the shard's own record names, read before
   */
  async get(
    shard: number,
    sweptBy: string | undefined,
    orgId: string,
    signal?: AbortSignal,
  ): Promise<BehindRecord | undefined> {
    const Key = { pk: partition(shard), sk: orgId };
    const { Item } = await this.#db.client.send(
      new GetCommand({ TableName: this.#db.table, Key, ConsistentRead: true }),
      signal && { abortSignal: signal },
    );
    return Item && readRecord(Item, sweptBy);
  }

  /**
   * Writes what a sweep found of an organisation.
   *
   * @returns false when the record is no longer the one that was read
   */
  async write(shard: number, sweep: string, change: BehindChange): Promise<boolean> {
    const { orgId, before, origin } = change;
    const written = await unlessRefused(
      this.#db.client.send(
        new PutCommand({
          TableName: this.#db.table,
          Item: { pk: partition(shard), sk: orgId, ...gapsOfChange(change), origin, sweep },
          // Missing, or none that a sweep could have written; or made by this very write, whose answer was lost, so
          // that the SDK makes it again.
          ConditionExpression: "NOT attribute_type(sweep, :text) OR sweep IN (:before, :sweep)",
          ExpressionAttributeValues: {
            ":text": "S",
            ":sweep": sweep,
            ":before": typeof before?.sweep === "string" ? before.sweep : sweep,
          },
        }),
      ),
    );
    return written !== undefined;
  }

  /** Removes a record that no longer counts, unless it was written anew. */
  async remove(shard: number, { orgId, sweep }: BehindRecord): Promise<void> {
    await unlessRefused(
      this.#db.client.send(
        new DeleteCommand({
          TableName: this.#db.table,
          Key: { pk: partition(shard), sk: orgId },
          ConditionExpression: "sweep = :sweep",
          ExpressionAttributeValues: { ":sweep": sweep },
        }),
      ),
    );
  }
}

function partition(shard: number): string {
  return `#behind#${shard}`;
}

/** What holds at once, and what holds when the sweep that changes it has moved the shard's watermark. */
export function gapsOfChange({ gaps, before }: BehindChange): {
  gaps: readonly Gap[];
  next?: readonly Gap[];
} {
  const held = simplify(gapsOf([...(before?.gaps ?? []), ...gaps]));
  return isSame(held, gaps) ? { gaps } : { gaps: held, next: gaps };
}

/** One that does not parse stands for an organisation of which nothing was ever checked: that loses nothing. */
function readRecord(item: Record<string, unknown>, sweptBy: string | undefined): BehindRecord {
  const { data } = Item.safeParse(item);
  const counts = data?.next !== undefined && data.sweep === sweptBy;
  return {
    orgId: String(item.sk),
    gaps: (counts ? data?.next : data?.gaps) ?? [{ ...ALL, watermark: 0 }],
    origin: data?.origin,
    isSettled: !counts,
    sweep: item.sweep,
  };
}
