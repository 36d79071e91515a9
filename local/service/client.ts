import type { Envelope } from "../../lib/http/envelope.ts";
import { CHANNEL_PATH } from "../../lib/http/routes.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";

/** What the service answered; without an envelope where there is no body. */
export interface ServiceAnswer<Data> {
  status: number;
  headers: Headers;
  envelope: (Omit<Envelope, "data"> & { data: Data }) | undefined;
}

/** A page of a list. */
export interface TaskPage {
  tasks: TrackedTask[];
  cursor: string | null;
}

/** The path of a task on this service, as on EnOS. */
export function taskPath({ channelId, taskId }: Omit<TaskKey, "orgId">): string {
  return `/data-federation/v2.0/channels/read/${channelId}/download/${taskId}`;
}

/** Calls the service over HTTP, as its users do. */
export class ServiceClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** How EnOS says the task is doing. */
  status(task: TaskKey): Promise<ServiceAnswer<DownloadStatus>> {
    return this.request("GET", `${taskPath(task)}/status?orgId=${task.orgId}`);
  }

  /** Starts to track a task. */
  track(task: TaskKey): Promise<ServiceAnswer<TrackedTask>> {
    return this.request("PUT", `${taskPath(task)}/tracking?orgId=${task.orgId}`);
  }

  /** The record of a tracked task. */
  record(task: TaskKey): Promise<ServiceAnswer<TrackedTask>> {
    return this.request("GET", `${taskPath(task)}/tracking?orgId=${task.orgId}`);
  }

  /** Ends the tracking of a task. */
  forget(task: TaskKey): Promise<ServiceAnswer<null>> {
    return this.request("DELETE", `${taskPath(task)}/tracking?orgId=${task.orgId}`);
  }

  /** Where EnOS may call back about the downloads of a channel. */
  callbackUrl({
    orgId,
    channelId,
  }: Omit<TaskKey, "taskId">): Promise<ServiceAnswer<{ callbackUrl: string }>> {
    return this.request(
      "GET",
      `${CHANNEL_PATH.replace("{channelId}", channelId)}/callback-url?orgId=${orgId}`,
    );
  }

  /** A page of an organisation's records. */
  list(query: Record<string, string>): Promise<ServiceAnswer<TaskPage>> {
    return this.request("GET", `/tracked-tasks?${new URLSearchParams(query)}`);
  }

  /** Any request; the answer's body is read whatever its status. */
  async request<Data>(method: string, path: string): Promise<ServiceAnswer<Data>> {
    const response = await fetch(this.#url + path, { method });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      envelope: text === "" ? undefined : JSON.parse(text),
    };
  }
}
