import * as z from "zod/mini";
import type { TaskKey } from "../tasks/key.ts";
import { isTerminal, stateOfCode } from "../tasks/state.ts";
import type { DownloadStatus } from "../tasks/status.ts";
import { EnosError } from "./errors.ts";

/** An integer, or the numeric string that some samples have instead. */
const Integer = z.union([
  z.int(),
  z.pipe(
    z.string().check(z.regex(/^-?\d{1,15}$/)),
    z.transform((text) => Number(text)),
  ),
]);

/** A longer URL is not plausible, and would not fit into an event: SNS accepts 256 KiB for a batch of ten. */
const MAX_URL_LENGTH = 8192;
/** Free text, which is only passed on; truncated so that ten events always fit into one SNS batch. */
const MAX_DESC_LENGTH = 512;

const Entry = z.object({
  taskId: z.optional(z.nullable(z.union([z.string(), z.number()]))),
  downloadUrl: z.optional(z.nullable(z.string().check(z.maxLength(MAX_URL_LENGTH)))),
  progressCode: Integer,
  progressDesc: z.catch(z.optional(z.nullable(z.string())), null),
  dataSize: z.catch(z.optional(z.nullable(Integer)), null),
});

/**
 * Parses the `data` of a status answer. The vendor documents a list and shows a single object, so both are accepted; in a
 * list only the entry that names the task counts.
 *
 * @throws {EnosError} `malformed` for another shape, or an answer that is about another task
 */
export function parseStatus(task: TaskKey, data: unknown): DownloadStatus {
  const candidate = Array.isArray(data) ? data.find((entry) => isIdOf(entry?.taskId, task)) : data;
  const entry = Entry.safeParse(candidate).data;
  if (!entry) throw new EnosError("malformed", "EnOS answered without a status of the documented shape");
  if (entry.taskId != null && !isIdOf(entry.taskId, task)) {
    throw new EnosError("malformed", "EnOS answered for another task");
  }
  const state = stateOfCode(entry.progressCode);
  return {
    taskId: task.taskId,
    channelId: task.channelId,
    orgId: task.orgId,
    downloadUrl: entry.downloadUrl?.toWellFormed() || null,
    progressCode: entry.progressCode,
    // DynamoDB need not accept half a surrogate pair, whether it was sent or is left by truncation.
    progressDesc: entry.progressDesc?.slice(0, MAX_DESC_LENGTH).toWellFormed() ?? null,
    dataSize: entry.dataSize ?? null,
    state,
    terminal: isTerminal(state),
  };
}

/** Whether this is the task's id. Only text and numbers are considered: other values may not convert to text. */
function isIdOf(taskId: unknown, task: TaskKey): boolean {
  return (typeof taskId === "string" || typeof taskId === "number") && String(taskId) === task.taskId;
}
