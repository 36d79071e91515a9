import { hash } from "node:crypto";
import type * as z from "zod/mini";
import { type Carried, NOTHING_CARRIED } from "../tasks/carried.ts";
import type { Outcome } from "../tasks/decision.ts";
import type { TaskKey } from "../tasks/key.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { TerminalState } from "../tasks/state.ts";
import type * as schema from "./schema.ts";

/** That a task has ended, as a CloudEvent 1.0 in structured JSON. */
export type TerminalEvent = z.infer<typeof schema.TerminalEvent>;

/** The version of `data`, `docs/schemas/event-data.v1.json`. A breaking change is a new version. */
export const DATA_SCHEMA = "urn:enos-download-status:event-data:1";

/** The times between which a task ended, in Unix milliseconds. */
export interface EndTimes {
  observedAt: number;
  /** The last moment at which it is known not to have ended; null if there is none. */
  notEndedBefore: number | null;
}

/**
 * The event for a task's outcome.
 *
 * @param carried what the caller gave along with the task
 */
export function terminalEvent(
  task: OpenTask,
  { state, status, reason }: Outcome,
  times: EndTimes,
  { correlationId, labels, traceparent }: Carried = NOTHING_CARRIED,
): TerminalEvent {
  const { orgId, channelId, taskId } = task;
  const observedAt = isoTime(times.observedAt);
  return {
    specversion: "1.0",
    id: eventId(task, state),
    source: `/enos/data-federation/${orgId}/${channelId}`,
    type: `enos.download.${state}`,
    subject: taskId,
    time: observedAt,
    datacontenttype: "application/json",
    dataschema: DATA_SCHEMA,
    ...(correlationId !== null && { correlationid: correlationId }),
    ...(traceparent !== null && { traceparent }),
    data: {
      orgId,
      channelId,
      taskId,
      state,
      progressCode: status?.progressCode ?? null,
      progressDesc: status?.progressDesc ?? null,
      downloadUrl: status?.downloadUrl ?? null,
      dataSize: status?.dataSize ?? null,
      labels,
      trackedAt: isoTime(task.trackedAt),
      notEndedBefore: times.notEndedBefore === null ? null : isoTime(times.notEndedBefore),
      observedAt,
      reason,
    },
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * The fact's id: the SHA-256, in hex, of what identifies it. None of the parts contains a newline. Being abandoned is a
 * fact about one period of tracking: a task that is tracked again can be abandoned again.
 */
export function eventId(task: TaskKey & { trackedAt: number }, state: TerminalState): string {
  const { orgId, channelId, taskId, trackedAt } = task;
  const facts = [orgId, channelId, taskId, state, ...(state === "abandoned" ? [trackedAt] : [])];
  return hash("sha256", facts.join("\n"), "hex");
}

/** The task's full name in 64 hex digits, for names that have to be short. */
export function taskHash({ orgId, channelId, taskId }: TaskKey): string {
  return hash("sha256", [orgId, channelId, taskId].join("\n"), "hex");
}

/** The event's JSON in ASCII: SNS and the protocols behind it refuse some characters that EnOS's texts may contain. */
export function serialise(event: TerminalEvent): string {
  return JSON.stringify(event).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
