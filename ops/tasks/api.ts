import type { BulkOutcome } from "../../lib/http/bulk.ts";
import type { Envelope } from "../../lib/http/envelope.ts";
import type { TrackingOptions } from "../../lib/store/task-store.ts";
import { type TaskKey, taskPath } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import type { Sign } from "./sigv4.ts";

/** A request that the service or API Gateway refused, or that was not answered. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** After how many seconds to ask again, if the service says so. */
  readonly retryAfter: number | undefined;
  /** The service's code and the request's id; undefined if the answer is not the service's own. */
  readonly reference: string | undefined;

  constructor(
    status: number,
    message: string,
    { retryAfter, reference }: { retryAfter?: number | undefined; reference?: string | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
    this.reference = reference;
  }

  /** Whether a retry may succeed. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The service's answer, its HTTP status, and after how many seconds to ask again. */
export interface Told<Data> {
  status: number;
  data: Data;
  retryAfter: number | undefined;
}

/** Longer than the longest wait, and than the timeout of an HTTP API. */
const TIMEOUT_MS = 40_000;

/** A client of the service. It uses the routes with the organisation in the path, which every stack has. */
export class Api {
  readonly #url: URL;
  readonly #sign: Sign;

  /** @param sign authenticates requests */
  constructor(url: URL, sign: Sign) {
    this.#url = url;
    this.#sign = sign;
  }

  /** @param waitSeconds how long the service waits for the task to end */
  async ask(task: TaskKey, waitSeconds = 0, signal?: AbortSignal): Promise<Told<DownloadStatus>> {
    const headers: Record<string, string> = waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {};
    try {
      return await this.#call("GET", task.orgId, `${taskPath(task)}/status`, { headers, signal });
    } catch (error) {
      // Without a code it is API Gateway that knows no such route.
      if (!(error instanceof ApiError) || error.status !== 404 || error.reference === undefined) throw error;
      throw new ApiError(404, `EnOS does not know the task: check the ids (${error.reference})`);
    }
  }

  track(task: TaskKey, options: TrackingOptions): Promise<Told<TrackedTask>> {
    return this.#call("PUT", task.orgId, `${taskPath(task)}/tracking`, { body: options });
  }

  trackMany(
    orgId: string,
    tasks: (Omit<TaskKey, "orgId"> & TrackingOptions)[],
  ): Promise<Told<{ outcomes: BulkOutcome[]; failed: number }>> {
    return this.#call("POST", orgId, "/tracked-tasks", { body: { tasks } });
  }

  async untrack(task: TaskKey): Promise<void> {
    await this.#call("DELETE", task.orgId, `${taskPath(task)}/tracking`);
  }

  /** All matching records of an organisation, page by page. */
  async *list(orgId: string, filters: Record<string, string>): AsyncGenerator<TrackedTask> {
    let cursor: string | null = "";
    while (cursor !== null) {
      const query = new URLSearchParams({ ...filters, limit: "100", ...(cursor && { cursor }) });
      const { data } = await this.#call<{ tasks: TrackedTask[]; cursor: string | null }>(
        "GET",
        orgId,
        `/tracked-tasks?${query}`,
      );
      yield* data.tasks;
      cursor = data.cursor;
    }
  }

  async #call<Data>(
    method: string,
    orgId: string,
    path: string,
    {
      headers = {},
      body,
      signal,
    }: { headers?: Record<string, string>; body?: unknown; signal?: AbortSignal | undefined } = {},
  ): Promise<Told<Data>> {
    const url = new URL(`${this.#url.pathname.replace(/\/$/, "")}/organisations/${orgId}${path}`, this.#url);
    const json = body === undefined ? undefined : JSON.stringify(body);
    const own = { ...headers, ...(json && { "content-type": "application/json" }) };
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    const signed = await this.#sign(method, url, own, json);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        headers: signed,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        ...(json && { body: json }),
      });
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw new ApiError(0, `${url.origin} does not answer (${reasonOf(error)})`);
    }
    const retryAfter = secondsOf(response.headers.get("retry-after"));
    if (!response.ok) throw refusal(response, text, retryAfter);
    return {
      status: response.status,
      data: text === "" ? (undefined as Data) : (JSON.parse(text) as { data: Data }).data,
      retryAfter,
    };
  }
}

function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

function refusal({ status }: Response, text: string, retryAfter: number | undefined): ApiError {
  try {
    const { code, msg, message, requestId } = JSON.parse(text) as Partial<Envelope> & { message?: string };
    if (msg !== undefined) {
      const reference = `code ${code}, request ${requestId}`;
      return new ApiError(status, `${status}: ${msg} (${reference})`, { retryAfter, reference });
    }
    if (message) return new ApiError(status, `${status}: ${message}`, { retryAfter });
  } catch {
    // Not JSON, such as a proxy's page.
  }
  return new ApiError(status, `${status}`, { retryAfter });
}

function reasonOf(error: unknown): string {
  const { cause, name, message } = error as Error;
  if (name === "TimeoutError") return "no answer in time";
  // fetch itself says no more than that it failed.
  const { code, message: reason } = (cause ?? {}) as { code?: string; message?: string };
  return code || reason || message;
}
