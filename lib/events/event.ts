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

/** What `data` adheres to: `docs/schemas/event-data.v1.json`. A change that readers could mind is a new version. */
export const DATA_SCHEMA = "urn:enos-download-status:event-data:1";

/** When a task ended, as far as that is known, in Unix milliseconds. */
export interface EndTimes {
  observedAt: number;
  /** The last moment at which it is known not to have ended; null when there is none. */
  notEndedBefore: number | null;
}

/**
 * The event that tells a task's outcome.
 *
 * @param carried what the task's caller gave along with it
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
 * The fact's id: the sha256, in hex, of what makes it this fact. A newline is in none of the parts. That a task was
 * abandoned is a fact about one time of tracking it: tracked anew, it can be abandoned anew.
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

/** The event's JSON in ASCII: SNS and the protocols behind it refuse some characters that EnOS's texts may hold. */
export function serialise(event: TerminalEvent): string {
  return JSON.stringify(event).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
