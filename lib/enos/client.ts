import { type TaskKey, taskPath } from "../tasks/key.ts";
import type { DownloadStatus } from "../tasks/status.ts";
import { EnosApi } from "./api.ts";
import type { CallOptions } from "./budget.ts";
import type { CredentialSource } from "./credentials.ts";
import { parseStatus } from "./status.ts";
import { Transport } from "./transport.ts";

/** The client's dependencies; all but the credentials have defaults. */
export interface ClientDependencies {
  credentials: CredentialSource;
  transport?: Pick<Transport, "dispatch">;
  /** Unix time in milliseconds. */
  now?: () => number;
}

/**
 * The client for EnOS, with a method for each API that this service uses.
 *
 * @example
 * const client = new EnosClient({ credentials });
 * const { state } = await client.getDownloadStatus({ orgId: "o1", channelId: "ch-1", taskId: "t1" });
 */
export class EnosClient {
  readonly #api: EnosApi;

  constructor({ credentials, transport = new Transport(), now = Date.now }: ClientDependencies) {
    this.#api = new EnosApi({ credentials, sender: { transport, now } });
  }

  /**
   * A task's status: Get Download Status.
   *
   * @throws {EnosError} when EnOS gives no status within ten seconds, or within the steps of a single attempt
   * @throws what the credential source throws
   */
  async getDownloadStatus(task: TaskKey, options: CallOptions = {}): Promise<DownloadStatus> {
    const call = { method: "GET" as const, path: `${taskPath(task)}/status`, query: { orgId: task.orgId } };
    const data = await this.#api.call(task.orgId, call, options);
    return parseStatus(task, data);
  }
}
