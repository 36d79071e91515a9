import { hash } from "node:crypto";
import type { Outcome } from "../tasks/decision.ts";
import type { TaskKey } from "../tasks/key.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { AbandonReason, TerminalState } from "../tasks/state.ts";

/** That a task has ended, as a CloudEvent 1.0 in structured JSON. */
export interface TerminalEvent {
  specversion: "1.0";
  /** The same for the same fact, whoever learns it and how often. */
  id: string;
  source: string;
  type: `enos.download.${TerminalState}`;
  /** The task's id. */
  subject: string;
  /** When the fact was observed. */
  time: string;
  datacontenttype: "application/json";
  data: TaskKey & {
    state: TerminalState;
    progressCode: number | null;
    progressDesc: string | null;
    downloadUrl: string | null;
    /** Bytes. */
    dataSize: number | null;
    trackedAt: string;
    observedAt: string;
    reason: AbandonReason | null;
  };
}

/**
 * The event that tells a task's outcome.
 *
 * @param now when it was observed, in Unix milliseconds
 */
export function terminalEvent(
  task: OpenTask,
  { state, status, reason }: Outcome,
  now: number,
): TerminalEvent {
  const { orgId, channelId, taskId } = task;
  const observedAt = new Date(now).toISOString();
  return {
    specversion: "1.0",
    id: eventId(task, state),
    source: `/enos/data-federation/${orgId}/${channelId}`,
    type: `enos.download.${state}`,
    subject: taskId,
    time: observedAt,
    datacontenttype: "application/json",
    data: {
      orgId,
      channelId,
      taskId,
      state,
      progressCode: status?.progressCode ?? null,
      progressDesc: status?.progressDesc ?? null,
      downloadUrl: status?.downloadUrl ?? null,
      dataSize: status?.dataSize ?? null,
      trackedAt: new Date(task.trackedAt).toISOString(),
      observedAt,
      reason,
    },
  };
}

/** The fact's id: the sha256, in hex, of what makes it this fact. A newline is in none of the parts. */
export function eventId({ orgId, channelId, taskId }: TaskKey, state: TerminalState): string {
  return hash("sha256", [orgId, channelId, taskId, state].join("\n"), "hex");
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
