import { DeleteCommand, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { type CheckedSpan, Gaps, MOST_GAPS_OF_RECORD } from "./checkpoint.ts";
import { flatten, isSame } from "./coverage.ts";
import { ALL_KEYS } from "./key-span.ts";
import { mergeGaps } from "./merge-gaps.ts";
import { type Database, partitionItems, unlessRefused } from "./table.ts";

/** An organisation that is behind its shard, and the gaps in which it has been checked less far. */
export interface BehindRecord {
  orgId: string;
  /** Empty when the organisation has caught up: the record can be removed. */
  gaps: readonly CheckedSpan[];
  /** The gateway that does not answer, or did not when the organisation fell behind, if that is the reason. */
  origin: string | undefined;
  /** False when it is valid only while the shard's record names the sweep that wrote it, and so has to be written again. */
  isSettled: boolean;
  /** The sweep that wrote it, as stored: a sweep that resumes late must not overwrite a record that it has not read. */
  sweep: unknown;
}

/** A change of a record. */
export interface BehindChange {
  orgId: string;
  gaps: readonly CheckedSpan[];
  origin?: string | undefined;
  /** As it was read; undefined when there was none. */
  before: BehindRecord | undefined;
}

const StoredRecord = z.object({
  gaps: Gaps,
  next: z.optional(Gaps),
  origin: z.optional(z.string()),
  sweep: z.string(),
});

/**
 * The organisations that are behind in a shard, one record each.
 *
 * A record may say that less was checked than really was: that costs checks. It must never say more, nor be missing while
 * a sweep relies on it. What is in no gap counts as checked as far as the shard. Therefore gaps that a sweep adds are
 * valid at once, even if they are written late. Gaps that it removes must stay valid until its sweep has moved the
 * shard's watermark, which only the holder of the lease can do. Until then the new gaps are stored beside the old ones
 * (`next`), and become valid once the shard's record names the same sweep. A record without gaps may be removed by any
 * sweep at any time, on the condition that it is still the one that was read: a sweep that needs it again has written a
 * new one.
 */
export class BehindStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Every record of a shard, as it is valid now.
   *
   * @param sweptBy the sweep that the shard's own record names, read under the lease
   */
  async list(shard: number, sweptBy: string | undefined, signal?: AbortSignal): Promise<BehindRecord[]> {
    const items = await partitionItems(this.#db, partition(shard), { isConsistent: true, signal });
    return items.map((item) => readRecord(item, sweptBy));
  }

  /**
   * The record of one organisation, as it is valid now; undefined if there is none.
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
          // Missing, or not written by any sweep; or already written by this request, if its answer was lost and the
          // SDK retries.
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

  /** Removes a record that is no longer needed, unless it has been written again. */
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

/** What is valid at once, and what is valid once the sweep that makes the change has moved the shard's watermark. */
export function gapsOfChange({ gaps, before }: BehindChange): {
  gaps: readonly CheckedSpan[];
  next?: readonly CheckedSpan[];
} {
  const held = mergeGaps(flatten([...(before?.gaps ?? []), ...gaps]), MOST_GAPS_OF_RECORD);
  return isSame(held, gaps) ? { gaps } : { gaps: held, next: gaps };
}

/** A record that does not parse counts as that of an organisation that was never checked, which loses nothing. */
function readRecord(item: Record<string, unknown>, sweptBy: string | undefined): BehindRecord {
  const { data } = StoredRecord.safeParse(item);
  const counts = data?.next !== undefined && data.sweep === sweptBy;
  return {
    orgId: String(item.sk),
    gaps: (counts ? data?.next : data?.gaps) ?? [{ ...ALL_KEYS, watermark: 0 }],
    origin: data?.origin,
    isSettled: !counts,
    sweep: item.sweep,
  };
}
