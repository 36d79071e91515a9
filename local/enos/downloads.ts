import { type Answer, nextRequestId, type Refusal, refuse } from "./answer.ts";
import type { AnswerFault } from "./faults.ts";
import type { Organisation, Organisations } from "./organisations.ts";
import { type AnswerShape, spread } from "./shape.ts";
import { taskKey } from "./tasks.ts";
import { describe, isEnd, stepAt, type TimelineStep } from "./timeline.ts";

/** The task that a verified call is about. */
export interface DownloadCall {
  readonly organisation: Organisation;
  readonly channelId: string;
  readonly taskId: string;
  readonly now: number;
}

/**
 * Why the call may not access the channel: the orgId is missing or another one, or the channel is unknown or belongs to
 * another organisation.
 */
export function checkOwnership(
  organisations: Organisations,
  organisation: Organisation,
  query: string,
  channelId: string,
): Refusal | undefined {
  const orgIds = new URLSearchParams(query).getAll("orgId");
  if (orgIds.length !== 1 || orgIds[0] === "") return serviceRefusal(99400, "orgId is not valid");
  if (orgIds[0] !== organisation.orgId) return serviceRefusal(99403, "permission denied");
  if (organisation.channels === undefined || organisation.channels.has(channelId)) return undefined;
  const owner = organisations.ownerOfChannel(channelId);
  return owner === undefined
    ? serviceRefusal(81404, "channel does not exist")
    : serviceRefusal(81400, "channel ownership is wrong");
}

/** Get Download Status. A fault may make it answer about another task, foreign tasks, or with an undocumented code. */
export function status(call: DownloadCall, shape: AnswerShape, fault: AnswerFault | undefined): Answer {
  const { organisation, channelId, taskId, now } = call;
  const task = organisation.tasks.find(taskKey(channelId, taskId));
  if (task === undefined) return refuse(serviceRefusal(99404, "task does not exist"), shape);
  const shown = task.shape === undefined ? shape : { ...shape, ...task.shape };
  let step = stepAt(task.timeline, now - task.startedAt);
  if (fault?.kind === "unknown-code") step = { ...step, progressCode: fault.progressCode ?? 42 };
  if (fault?.kind === "wrong-task") return dataAnswer(present(stranger(taskId, "x"), step, shown), shown);

  const entry = present(taskId, step, shown);
  if (fault?.kind === "strangers") return dataAnswer(amongStrangers(entry, taskId, fault.includeTask), shown);
  if (shown.data === "object") return dataAnswer(entry, shown);
  return dataAnswer(shown.data === "list" ? [entry] : amongStrangers(entry, taskId, true), shown);
}

/**
 * Cancel: "4" and soon "5" for a running task, "5" for one that is waiting or already cancelled, 99400 for one that
 * has ended otherwise.
 */
export function cancel(call: DownloadCall, shape: AnswerShape): Answer {
  const { organisation, channelId, taskId, now } = call;
  const key = taskKey(channelId, taskId);
  const task = organisation.tasks.find(key);
  if (task === undefined) return refuse(serviceRefusal(99404, "task does not exist"), shape);
  const before = stepAt(task.timeline, now - task.startedAt).progressCode;
  if (isEnd(before) && before !== 5) return refuse(serviceRefusal(99400, "task has ended"), shape);
  const cancelled = before === 4 || before === 5 ? task : organisation.tasks.cancel(key, task, now);
  const step = stepAt(cancelled.timeline, now - cancelled.startedAt);
  return dataAnswer({ taskId, progressCode: String(step.progressCode), progressDesc: describe(step) }, shape);
}

/** The URL and size of a task in this state, derived from its id unless the timeline sets them. */
export function fileOf(taskId: string, step: TimelineStep): { url: string | null; size: number | null } {
  const hasFile = step.progressCode === 3 || step.progressCode === 6;
  const url =
    step.downloadUrl === undefined && hasFile ? "http://files.enos.example/{taskId}.zip" : step.downloadUrl;
  const size = step.dataSize === undefined && hasFile ? 1 + (spread(taskId) % 1_000_000_000) : step.dataSize;
  return { url: url?.replaceAll("{taskId}", taskId) ?? null, size: size ?? null };
}

/** A successful answer with this data, in the given shape. */
export function dataAnswer(data: unknown, shape: AnswerShape): Answer {
  const envelope =
    shape.requestId === "present"
      ? { code: 0, msg: "OK", requestId: nextRequestId(), data }
      : { code: 0, msg: "OK", data };
  return { httpStatus: 200, body: JSON.stringify(envelope), code: 0 };
}

export function serviceRefusal(code: number, msg: string): Refusal {
  return { code, msg, by: "service" };
}

function present(taskId: string, step: TimelineStep, shape: AnswerShape): Record<string, unknown> {
  const { url, size } = fileOf(taskId, step);
  const entry: Record<string, unknown> = { taskId };
  if (url !== null) entry.downloadUrl = url;
  else if (shape.missingUrl !== "absent") entry.downloadUrl = shape.missingUrl === "empty" ? "" : null;
  entry.progressCode = shape.progressCode === "string" ? String(step.progressCode) : step.progressCode;
  entry.progressDesc = describe(step);
  if (size !== null && shape.dataSize !== "absent") {
    entry.dataSize = shape.dataSize === "string" ? String(size) : size;
  }
  return entry;
}

/** All foreign tasks have succeeded: a client that reads the wrong entry would announce a file that does not exist. */
function amongStrangers(entry: unknown, taskId: string, includeTask: boolean): unknown[] {
  const ended = (name: string) => ({
    taskId: stranger(taskId, name),
    downloadUrl: "http://files.enos.example/of-a-stranger.zip",
    progressCode: 3,
    progressDesc: "success",
  });
  return includeTask ? [ended("before"), entry, ended("after")] : [ended("before"), ended("after")];
}

function stranger(taskId: string, name: string): string {
  return `${taskId}-${name}`;
}
