import * as z from "zod/mini";
import { type Carried, CorrelationId, Labels, Traceparent } from "../tasks/carried.ts";
import { ID, Id } from "../tasks/key.ts";
import type { IndexKey, OpenTask, TrackedTask } from "../tasks/record.ts";
import { ABANDON_REASONS, storedState } from "../tasks/state.ts";
import { DAY_MS } from "../time/day.ts";

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

/** An item as DynamoDB's plain client gives it, of strings and numbers. */
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

/** The attributes for what a caller attached. Labels are text: DynamoDB's client takes no map with a key `constructor`. */
export function carriedAttributes({
  correlationId,
  labels,
  traceparent,
}: Partial<Carried>): Record<string, string> {
  return {
    ...(correlationId != null && { correlationId }),
    ...(labels && Object.keys(labels).length > 0 && { labels: JSON.stringify(labels) }),
    ...(traceparent != null && { traceparent }),
  };
}

/** The reverse of {@link carriedAttributes}. Attributes that cannot be read count as not set. */
export function carriedOf(item: Record<string, unknown>): Carried {
  return {
    correlationId: CorrelationId.safeParse(item.correlationId).data ?? null,
    labels: Labels.safeParse(parsed(item.labels)).data ?? {},
    traceparent: Traceparent.safeParse(item.traceparent).data ?? null,
  };
}

function parsed(json: unknown): unknown {
  try {
    return typeof json === "string" ? JSON.parse(json) : undefined;
  } catch {
    return undefined;
  }
}
