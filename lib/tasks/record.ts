import * as z from "zod/mini";
import { type Carried, carriedOf } from "./carried.ts";
import type { TaskKey } from "./key.ts";
import { ID, Id } from "./key.ts";
import { ABANDON_REASONS, type AbandonReason, storedState, type TrackedState } from "./state.ts";

const DAY_MS = 24 * 60 * 60_000;

/** What is encoded in a task's key in the index of open tasks. */
export interface IndexKey {
  /** The key itself. */
  indexKey: string;
  /** Unix milliseconds. */
  trackedAt: number;
  /** The task's shift of the schedule, in [0, 1). */
  offset: number;
}

/** An open task, as the index gives it to a sweep. Times are Unix milliseconds. */
export interface OpenTask extends TaskKey, IndexKey {
  state: TrackedState;
  /** Since when EnOS does not know the task, and in how many checks; null while it does. */
  notFound: { since: number; checks: number } | null;
  /** The task's own deadline; undefined where only the service's counts. */
  deadlineAt: number | undefined;
  /**
   * When it was last known not to have ended, before its checks began to be without a usable answer; undefined while
   * they have one.
   */
  uncertainSince: number | undefined;
}

/** A tracked task's record, as callers see it. Times are ISO 8601. */
export interface TrackedTask extends TaskKey, Carried {
  trackedAt: string;
  /** When tracking gives up, if the caller has set that; null if only the service's own deadline applies. */
  deadlineAt: string | null;
  state: TrackedState;
  stateSince: string;
  /**
   * Since when EnOS does not know the task, and in how many checks, counted to three; null while EnOS knows it, and
   * once the task has ended. After ten minutes and three checks the task is abandoned.
   */
  notFound: { since: string; checks: number } | null;
  progressCode: number | null;
  progressDesc: string | null;
  downloadUrl: string | null;
  dataSize: number | null;
  finishedAt: string | null;
  reason: AbandonReason | null;
}

/** Unix milliseconds that a date can have. */
export const Time = z.int().check(z.nonnegative(), z.maximum(8_640_000_000_000_000));

const Key = z.pipe(
  z.string(),
  z.transform((sk, context) => {
    const [channelId, taskId, ...rest] = sk.split("#");
    if (rest.length > 0 || !Id.safeParse(channelId).success || !Id.safeParse(taskId).success) {
      context.issues.push({ code: "custom", message: "sk names no task", input: sk });
      return z.NEVER;
    }
    return { channelId: channelId as string, taskId: taskId as string };
  }),
);

/** An item as DynamoDB gives it, of strings and numbers. */
type Attributes = Record<string, { S?: string | undefined; N?: string | undefined }>;

/**
 * Parses an item of the index of open tasks; undefined if this version could not have written it. By hand, since a sweep
 * reads every open task, and a document client and a schema would take several times as long as everything else.
 */
export function parseOpenTask(item: Attributes, key: IndexKey): OpenTask | undefined {
  const orgId = item.pk?.S;
  const ids = item.sk?.S?.split("#");
  if (!isId(orgId) || ids?.length !== 2 || !isId(ids[0]) || !isId(ids[1])) return undefined;
  // Nothing else is a reason to skip a task: if one of these two is missing, counting starts again.
  const since = positive(item.notFoundSince?.N);
  const checks = positive(item.notFoundChecks?.N);
  return {
    orgId,
    channelId: ids[0],
    taskId: ids[1],
    state: storedState(item.state?.S),
    notFound: since && checks ? { since, checks } : null,
    deadlineAt: parseDeadline(item),
    uncertainSince: positive(item.uncertainSince?.N),
    indexKey: key.indexKey,
    trackedAt: key.trackedAt,
    offset: key.offset,
  };
}

/** An open task's own deadline in Unix milliseconds; undefined when it has none. */
export function parseDeadline(item: Attributes): number | undefined {
  return positive(item.deadlineAt?.N);
}

function isId(value: string | undefined): value is string {
  return value !== undefined && ID.test(value);
}

/** A whole number above 0, or nothing. */
function positive(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

const Item = z.object({
  pk: Id,
  sk: Key,
  trackedAt: Time,
  deadlineAt: z.catch(z.optional(Time), undefined),
  state: z.pipe(z.optional(z.unknown()), z.transform(storedState)),
  stateSince: Time,
  notFoundSince: z.catch(z.optional(Time), undefined),
  notFoundChecks: z.catch(z.optional(z.int().check(z.positive())), undefined),
  progressCode: z.optional(z.nullable(z.int())),
  progressDesc: z.optional(z.nullable(z.string())),
  downloadUrl: z.optional(z.nullable(z.string())),
  dataSize: z.optional(z.nullable(z.number())),
  finishedAt: z.optional(Time),
  // A newer version's reason is unknown here, but no reason to hide the record.
  reason: z.catch(z.optional(z.nullable(z.enum(ABANDON_REASONS))), null),
  expiresAt: z.optional(z.int()),
});

/** When an item that is written now expires: what DynamoDB wants, Unix seconds. */
export function expiryOf(now: number, retentionDays: number): number {
  return Math.ceil((now + retentionDays * DAY_MS) / 1000);
}

/** Whether an item has expired: DynamoDB deletes such items within days, not at once. */
export function isExpired(item: Record<string, unknown>, now: number): boolean {
  return typeof item.expiresAt === "number" && item.expiresAt * 1000 <= now;
}

/**
 * Parses an item of the table; undefined if it has expired, or this version could not have written it.
 *
 * @param now Unix milliseconds
 */
export function parseRecord(item: Record<string, unknown>, now: number): TrackedTask | undefined {
  const parsed = Item.safeParse(item).data;
  if (!parsed || isExpired(parsed, now)) return undefined;
  const iso = (time: number) => new Date(time).toISOString();
  return {
    orgId: parsed.pk,
    channelId: parsed.sk.channelId,
    taskId: parsed.sk.taskId,
    ...carriedOf(item),
    trackedAt: iso(parsed.trackedAt),
    deadlineAt: parsed.deadlineAt === undefined ? null : iso(parsed.deadlineAt),
    state: parsed.state,
    stateSince: iso(parsed.stateSince),
    notFound:
      parsed.notFoundSince && parsed.notFoundChecks
        ? { since: iso(parsed.notFoundSince), checks: parsed.notFoundChecks }
        : null,
    progressCode: parsed.progressCode ?? null,
    progressDesc: parsed.progressDesc ?? null,
    downloadUrl: parsed.downloadUrl ?? null,
    dataSize: parsed.dataSize ?? null,
    finishedAt: parsed.finishedAt === undefined ? null : iso(parsed.finishedAt),
    reason: parsed.reason ?? null,
  };
}
