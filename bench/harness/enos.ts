import { type StandaloneProcess, startStandalone } from "../../local/harness/standalone-process.ts";

/** The organisation of every measurement. */
export const ORGANISATION = {
  orgId: "o15504722874071",
  accessKey: "bench-access-key",
  secretKey: "bench-secret-key",
};
/** The channel of its tasks. */
export const CHANNEL = "ch-dee0c5";

/** The EnOS simulator in a separate process, in which every task id is a running task. */
export class Enos implements AsyncDisposable {
  readonly #process: StandaloneProcess;

  private constructor(process: StandaloneProcess) {
    this.#process = process;
  }

  static async start(): Promise<Enos> {
    const enos = new Enos(await startStandalone("local/enos/main.ts"));
    const { orgId, accessKey, secretKey } = ORGANISATION;
    await enos.#admin("PUT", `organisations/${orgId}`, { accessKey, secretKey });
    const running = [{ afterMs: 0, progressCode: 1 }];
    await enos.#admin("PUT", `organisations/${orgId}/any-task`, { timelines: [running], startedAt: 0 });
    return enos;
  }

  get url(): string {
    return this.#process.url;
  }

  /** Delays every status answer. */
  async setLatency(ms: number): Promise<void> {
    await this.#admin("DELETE", "faults");
    if (ms > 0) await this.#admin("POST", "faults", { kind: "latency", endpoint: "status", ms });
  }

  /** Makes a task succeed, at a time in milliseconds after a start in Unix milliseconds. */
  async endTask(taskId: string, startedAt: number, afterMs: number): Promise<void> {
    const timelines = [
      [
        { afterMs: 0, progressCode: 1 },
        { afterMs, progressCode: 3 },
      ],
    ];
    await this.#admin("PUT", "tasks", {
      orgId: ORGANISATION.orgId,
      channelId: CHANNEL,
      taskIds: [taskId],
      timelines,
      startedAt,
    });
  }

  async #admin(method: string, path: string, body?: unknown): Promise<void> {
    const response = await fetch(`${this.url}/_admin/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`the simulator refused ${method} ${path}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
