import { GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { type Database, partitionItems, unlessRefused } from "./table.ts";

/** The shards' records share a partition key that no organisation can have. */
const SHARDS = "#shards";

/** No invocation, and so no lease, lasts longer than Lambda's 15 minutes and a margin. */
const LONGEST_LEASE_MS = 16 * 60_000;

/** The most by which sweepers' clocks may differ: a watermark further ahead comes from a clock that was wrong. */
export const CLOCK_ERROR_MS = 2 * 60_000;

const OpenTasks = z.int().check(z.nonnegative());
const Schedule = z.object({ id: z.string(), since: z.int().check(z.nonnegative()) });

/** A shard as a sweep finds it. Times are Unix milliseconds; 0 stands for never. */
export interface Shard {
  number: number;
  checkpoint: Checkpoint;
  /** When the first task was about to be put into it, or a sweep first leased it. */
  announcedAt: number;
  leaseUntil: number;
  /** The sweep that wrote the checkpoint. */
  sweptBy: string | undefined;
  /** When all of its open tasks were last read. */
  readWholeAt: number;
  /** The schedule by which its tasks are checked; undefined if that is not known. */
  schedule: ShardSchedule | undefined;
  /** The number of open tasks when it was last swept, estimated if there are many; undefined if unknown. */
  openTasks: number | undefined;
  /** The organisations that are behind in it. */
  behind: BehindTotals;
  /** The watermark as stored, even if it is not valid; 0 if it is not a number. */
  writtenWatermark: number;
}

/** How many organisations are behind in a shard, and how far: the least of their watermarks, 0 when there is none. */
export interface BehindTotals {
  organisations: number;
  oldest: number;
  /** The same without those that are stuck. */
  oldestAnswering: number;
}

/** The schedule by which a shard's tasks are checked, by its id, and since when. */
export interface ShardSchedule {
  id: string;
  since: number;
}

/** What a sweep leaves of a shard. */
export interface SweptShard {
  checkpoint: Checkpoint;
  readWholeAt: number;
  schedule: ShardSchedule;
  openTasks: number | undefined;
  behind: BehindTotals;
}

/**
 * Makes sure that sweeps know of a shard before the first task is put into it, so that no later change of the
 * shard count can strand that task.
 *
 * @param now Unix milliseconds
 */
export async function announceShard(db: Database, number: number, now: number): Promise<void> {
  const Key = keyOfShard(number);
  const { Item } = await db.client.send(new GetCommand({ TableName: db.table, Key }));
  if (Item) return;
  // What a faster sweep has written stays.
  await unlessRefused(
    db.client.send(
      // A put, since `track` may put items but not update them.
      new PutCommand({
        TableName: db.table,
        Item: { ...Key, announcedAt: now },
        ConditionExpression: "attribute_not_exists(pk)",
      }),
    ),
  );
}

/**
 * The condition for leasing a shard: `mayLease`, as DynamoDB evaluates it. Negated and within bounds, so that a missing or
 * invalid attribute does not block the shard for ever. If the answer to a lease was lost and the SDK retries, the shard
 * is already leased by this sweep.
 */
const MAY_LEASE =
  "(NOT leaseUntil BETWEEN :now AND :longest AND NOT watermark BETWEEN :since AND :latest) OR leaseOwner = :sweep";

/** The bounds of the condition, for a shard whose watermark was seen to be this. */
function leaseTerms(seen: number, now: number): { longest: number; since: number; latest: number } {
  const latest = now + CLOCK_ERROR_MS;
  return {
    longest: now + LONGEST_LEASE_MS,
    since: (seen > 0 && seen < latest ? seen : 0) + 1,
    latest,
  };
}

/**
 * Whether a sweep may lease a shard: no other sweep holds it, or has swept it since it was listed.
 *
 * @param current the shard now
 * @param listed the shard when the sweep listed it
 */
export function mayLease(
  current: Shard & { leaseOwner: string | undefined },
  listed: Shard,
  sweep: string,
  now: number,
): boolean {
  const { since, latest } = leaseTerms(listed.writtenWatermark, now);
  const isSwept = current.writtenWatermark >= since && current.writtenWatermark <= latest;
  return (!isLeased(current, now) && !isSwept) || current.leaseOwner === sweep;
}

/** The shards' records: checkpoints and leases. */
export class ShardStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * All shards: those of the present count, and those left from an earlier, larger count.
   *
   * @param count the present number of shards
   * @param signal ends the call early, here and below
   */
  async list(count: number, signal?: AbortSignal): Promise<Shard[]> {
    const shards = new Map<number, Shard>();
    for (let number = 0; number < count; number++) {
      shards.set(number, readShard(number, undefined));
    }
    for (const item of await partitionItems(this.#db, SHARDS, { signal })) {
      const number = Number(item.sk);
      const isShard = Number.isSafeInteger(number) && number >= 0 && String(number) === item.sk;
      if (isShard) shards.set(number, readShard(number, item));
    }
    return [...shards.values()];
  }

  /** One shard as it is now; one without a record counts as never swept. */
  async get(number: number, signal?: AbortSignal): Promise<Shard> {
    const { Item } = await this.#db.client.send(
      new GetCommand({ TableName: this.#db.table, Key: keyOfShard(number), ConsistentRead: true }),
      signal && { abortSignal: signal },
    );
    return readShard(number, Item);
  }

  /** Whether this sweep still holds a shard: another whose clock is ahead may have leased it. */
  async isHeld(number: number, sweep: string, signal?: AbortSignal): Promise<boolean> {
    const { Item } = await this.#db.client.send(
      new GetCommand({
        TableName: this.#db.table,
        Key: keyOfShard(number),
        ProjectionExpression: "leaseOwner",
        ConsistentRead: true,
      }),
      signal && { abortSignal: signal },
    );
    return Item?.leaseOwner === sweep;
  }

  /**
   * Leases a shard for this sweep.
   *
   * @param shard as it was listed: if another sweep has swept it since, it is not leased, since it has had its turn
   * @param sweep names this sweep, so that no other can move the watermark
   * @returns the shard as it is under the lease; undefined if another sweep holds it, or has swept it
   */
  async lease(
    { number, writtenWatermark }: Shard,
    sweep: string,
    now: number,
    until: number,
    signal?: AbortSignal,
  ): Promise<Shard | undefined> {
    const { longest, since, latest } = leaseTerms(writtenWatermark, now);
    const leased = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOfShard(number),
          // A shard without a record is announced now: no task in it can be older.
          UpdateExpression:
            "SET leaseUntil = :until, leaseOwner = :sweep, announcedAt = if_not_exists(announcedAt, :now)",
          ConditionExpression: MAY_LEASE,
          ExpressionAttributeValues: {
            ":until": until,
            ":sweep": sweep,
            ":now": now,
            ":longest": longest,
            ":since": since,
            ":latest": latest,
          },
          ReturnValues: "ALL_NEW",
        }),
        signal && { abortSignal: signal },
      ),
    );
    return leased && readShard(number, leased.Attributes);
  }

  /** Releases a shard, and writes what was swept, if anything. False when another sweep holds it by now. */
  async release(number: number, sweep: string, swept?: SweptShard, signal?: AbortSignal): Promise<boolean> {
    // The owner's name stays until the next lease, so that the SDK can retry if the answer was lost.
    const free = "REMOVE leaseUntil";
    const advance =
      "SET watermark = :watermark, gaps = :gaps, readWholeAt = :readWholeAt, schedule = :schedule, openTasks = :openTasks, behind = :behind, sweptBy = :sweep";
    const written = await unlessRefused(
      this.#db.client.send(
        new UpdateCommand({
          TableName: this.#db.table,
          Key: keyOfShard(number),
          UpdateExpression: swept ? `${advance} ${free}` : free,
          ConditionExpression: "leaseOwner = :sweep",
          ExpressionAttributeValues: {
            ":sweep": sweep,
            ...(swept && {
              ":watermark": swept.checkpoint.watermark,
              ":gaps": swept.checkpoint.gaps,
              ":readWholeAt": swept.readWholeAt,
              ":schedule": swept.schedule,
              ":openTasks": swept.openTasks ?? null,
              ":behind": swept.behind,
            }),
          },
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

/** Parses a shard's record; a shard without one was never swept. */
export function readShard(number: number, item: Record<string, unknown> | undefined): Shard {
  const behind = (item?.behind ?? {}) as Record<string, unknown>;
  return {
    number,
    checkpoint: parseCheckpoint(item),
    announcedAt: finite(item?.announcedAt),
    leaseUntil: finite(item?.leaseUntil),
    sweptBy: typeof item?.sweptBy === "string" ? item.sweptBy : undefined,
    readWholeAt: finite(item?.readWholeAt),
    schedule: Schedule.safeParse(item?.schedule).data,
    openTasks: OpenTasks.safeParse(item?.openTasks).data,
    behind: {
      organisations: finite(behind.organisations),
      oldest: finite(behind.oldest),
      oldestAnswering: finite(behind.oldestAnswering),
    },
    writtenWatermark: finite(item?.watermark),
  };
}

function finite(value: unknown): number {
  return Number.isFinite(value) ? (value as number) : 0;
}

/** Whether another sweep holds the shard. */
export function isLeased({ leaseUntil }: Shard, now: number): boolean {
  return leaseUntil >= now && leaseUntil <= now + LONGEST_LEASE_MS;
}
