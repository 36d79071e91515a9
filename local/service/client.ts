import type { BulkOutcome } from "../../lib/http/bulk.ts";
import type { Envelope } from "../../lib/http/envelope.ts";
import { CHANNEL_PATH } from "../../lib/http/routes.ts";
import type { TrackingOptions } from "../../lib/store/task-store.ts";
import { type TaskKey, taskPath } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";

/** An answer of the service; without an envelope if there is no body. */
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

/** Called with every answer: the request's method and path, the response and its body. */
export type OnAnswer = (request: string, response: Response, body: string) => void;

/** Calls the service over HTTP, as its users do. */
export class ServiceClient {
  readonly #url: string;
  readonly #onAnswer: OnAnswer;

  constructor({ url, onAnswer = () => {} }: { url: string; onAnswer?: OnAnswer | undefined }) {
    this.#url = url;
    this.#onAnswer = onAnswer;
  }

  /**
   * The status of a task.
   *
   * @param waitSeconds how long to wait for its end
   */
  status(task: TaskKey, waitSeconds = 0): Promise<ServiceAnswer<DownloadStatus>> {
    const headers: Record<string, string> = waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {};
    return this.request("GET", `${taskPath(task)}/status?orgId=${task.orgId}`, { headers });
  }

  /** Starts to track a task. */
  track(task: TaskKey, options?: TrackingOptions): Promise<ServiceAnswer<TrackedTask>> {
    return this.request("PUT", `${taskPath(task)}/tracking?orgId=${task.orgId}`, { body: options });
  }

  /** Starts to track several tasks of an organisation. */
  trackMany(
    orgId: string,
    tasks: (Omit<TaskKey, "orgId"> & TrackingOptions)[],
  ): Promise<ServiceAnswer<{ outcomes: BulkOutcome[]; failed: number }>> {
    return this.request("POST", `/tracked-tasks?orgId=${orgId}`, { body: { tasks } });
  }

  /** The record of a tracked task. */
  record(task: TaskKey): Promise<ServiceAnswer<TrackedTask>> {
    return this.request("GET", `${taskPath(task)}/tracking?orgId=${task.orgId}`);
  }

  /** Stops tracking a task. */
  untrack(task: TaskKey): Promise<ServiceAnswer<null>> {
    return this.request("DELETE", `${taskPath(task)}/tracking?orgId=${task.orgId}`);
  }

  /** The callback URL for the downloads of a channel. */
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

  /** Sends any request; the body is read whatever the status. */
  async request<Data>(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<ServiceAnswer<Data>> {
    const content = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...content, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    this.#onAnswer(`${method} ${path}`, response, text);
    return {
      status: response.status,
      headers: response.headers,
      envelope: text === "" ? undefined : JSON.parse(text),
    };
  }
}
