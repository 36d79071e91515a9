import pMap from "p-map";
import * as z from "zod/mini";
import type { TrackingOptions } from "../store/task-store.ts";
import { Id, type TaskKey } from "../tasks/key.ts";
import type { TrackedTask } from "../tasks/record.ts";
import { jsonBody } from "./body.ts";
import { CallerError, failureOf } from "./errors.ts";
import type { ApiEvent } from "./request.ts";
import type { RouteAnswer } from "./routes.ts";
import { completed, TrackingFields } from "./tracking.ts";
import { valid } from "./validate.ts";

/** Tasks of one request at most. */
const MAX_TASKS = 100;
/** The most bytes of the body: room for the most tasks, each with the longest labels, every character escaped. */
export const BULK_BODY_BYTES = 2 * 1024 * 1024;
/** Tasks that are put at a time. */
const CONCURRENCY = 10;
/** Upper bound of the first pause after a transient failure, in milliseconds; doubled for each further one. */
const BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;
/** When to send again what there was no time for, in seconds. */
const RETRY_AFTER_SECONDS = 5;

/** One task of the body. */
export const BulkTask = z.strictObject(
  { channelId: Id, taskId: Id, ...TrackingFields },
  "must be an object with channelId and taskId",
);

/** The body, with the schema of its tasks: they are validated one by one, since each has an outcome of its own. */
export const bulkBody = <Task extends z.core.$ZodType>(task: Task) =>
  z.strictObject(
    {
      tasks: z
        .array(task, { error: ({ input }) => (input === undefined ? "is missing" : "must be a list") })
        .check(z.minLength(1, "is empty"), z.maxLength(MAX_TASKS, `may have ${MAX_TASKS} entries at most`)),
    },
    { error: ({ input }) => (input === undefined ? "is missing" : "must be a JSON object") },
  );

const Body = bulkBody(z.unknown());

/** What became of one task. */
export interface BulkOutcome {
  /** As it was sent; null if it was not text. */
  channelId: string | null;
  taskId: string | null;
  /** The HTTP status that a PUT of this task alone would have had. */
  status: number;
  code: number;
  msg: string;
  record: TrackedTask | null;
}

/** What {@link trackMany} works with. */
export interface BulkDependencies {
  put(
    task: TaskKey,
    options: TrackingOptions,
    signal: AbortSignal,
  ): Promise<{ record: TrackedTask; created: boolean }>;
  /** Whether an error is transient, so that putting the task again may succeed. */
  isTransient(error: unknown): boolean;
  /** Called with unexpected errors. */
  onError(error: unknown): void;
  /** How long the service tracks a task at most. */
  serviceDeadlineSeconds: number;
  /** How long all of it may take, in milliseconds. */
  limitMs: number;
}

/**
 * Tracks many tasks of one organisation: 207, with an outcome for each, in the same order. Transient failures are
 * retried while there is time. An outcome says so if it is unknown in the end whether its task is tracked.
 *
 * @throws {CallerError} for a body that is no list of at most {@link MAX_TASKS} tasks
 */
export async function trackMany(
  event: ApiEvent,
  orgId: string,
  dependencies: BulkDependencies,
): Promise<RouteAnswer> {
  const { tasks } = valid(Body, jsonBody(event, BULK_BODY_BYTES));
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), dependencies.limitMs);
  // If a task is listed twice, the second put waits for the first, and so returns the first one's record.
  const underWay = new Map<string, Promise<unknown>>();
  const track = (task: unknown) => {
    const name = nameOf(task);
    const outcome = Promise.resolve(underWay.get(name)).then(() =>
      outcomeOf(event, orgId, task, ending.signal, dependencies),
    );
    underWay.set(name, outcome);
    return outcome;
  };
  const outcomes = await pMap(tasks, track, { concurrency: CONCURRENCY }).finally(() => clearTimeout(timer));
  const failed = outcomes.filter(({ code }) => code !== 0).length;
  const isWorthRepeating = outcomes.some(({ status }) => status === 503);
  return {
    statusCode: 207,
    data: { outcomes, failed },
    ...(isWorthRepeating && { headers: { "retry-after": String(RETRY_AFTER_SECONDS) } }),
  };
}

/** Never rejects. */
async function outcomeOf(
  event: ApiEvent,
  orgId: string,
  sent: unknown,
  signal: AbortSignal,
  dependencies: BulkDependencies,
): Promise<BulkOutcome> {
  const { channelId, taskId } = Object(sent) as Record<string, unknown>;
  const ids = { channelId: textOf(channelId), taskId: textOf(taskId) };
  try {
    const { channelId, taskId, ...given } = valid(BulkTask, sent, "the task");
    const options = completed(given, event, dependencies.serviceDeadlineSeconds);
    const { record, created } = await putWithRetries(
      { orgId, channelId, taskId },
      options,
      signal,
      dependencies,
    );
    return { ...ids, status: created ? 201 : 200, code: 0, msg: "success", record };
  } catch (error) {
    if (signal.aborted || dependencies.isTransient(error)) {
      const msg = "the database did not accept the task in time: it may or may not be tracked, send it again";
      return { ...ids, status: 503, code: 99503, msg, record: null };
    }
    if (!(error instanceof CallerError)) dependencies.onError(error);
    const { statusCode, code, msg } = failureOf(error);
    return { ...ids, status: statusCode, code, msg, record: null };
  }
}

async function putWithRetries(
  task: TaskKey,
  options: TrackingOptions,
  signal: AbortSignal,
  dependencies: Pick<BulkDependencies, "put" | "isTransient">,
) {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  for (let bound = BACKOFF_MS; ; bound = Math.min(MAX_BACKOFF_MS, 2 * bound)) {
    signal.throwIfAborted();
    try {
      return await Promise.race([dependencies.put(task, options, signal), aborted]);
    } catch (error) {
      if (signal.aborted || !dependencies.isTransient(error)) throw error;
      await Promise.race([delay(Math.random() * bound), aborted]);
    }
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What tells a task from the others of its request. */
function nameOf(task: unknown): string {
  const { channelId, taskId } = Object(task) as Record<string, unknown>;
  return `${textOf(channelId)}#${textOf(taskId)}`;
}

/** No more of it than an id may have. */
function textOf(value: unknown): string | null {
  return typeof value === "string" ? value.slice(0, 128).toWellFormed() : null;
}
