import type { Dispatcher } from "undici";
import { statusPath, type TaskKey } from "../tasks/key.ts";
import { Call } from "./call.ts";
import type { CredentialSource, Credentials } from "./credentials.ts";
import { EnosError } from "./errors.ts";
import { type DownloadStatus, parseStatus } from "./status.ts";
import { TokenCache } from "./token.ts";
import { createTransport } from "./transport.ts";

/** One call, with every attempt and everything that it waits for, in milliseconds; each step of a single attempt. */
const CALL_BUDGET_MS = 10_000;

/** How one call may spend its time. */
export interface CallOptions {
  /** Ends the call early. */
  signal?: AbortSignal;
  /**
   * One attempt, as a sweep wants it: nothing is retried and no `Retry-After` waited out, but the status call and the
   * token, where one is needed, have ten seconds each. Otherwise all attempts have ten seconds together.
   */
  singleAttempt?: boolean;
}

/** What the client is made of; all but the credentials have defaults. */
export interface ClientParts {
  credentials: CredentialSource;
  transport?: Dispatcher;
  /** Unix time in milliseconds. */
  now?: () => number;
}

/**
 * Get Download Status for every organisation, with their credentials and tokens looked after.
 *
 * @example
 * const client = new EnosClient({ credentials });
 * const { state } = await client.getDownloadStatus({ orgId: "o1", channelId: "ch-1", taskId: "t1" });
 */
export class EnosClient {
  readonly #credentials: CredentialSource;
  readonly #transport: Dispatcher;
  readonly #tokens: TokenCache;
  readonly #now: () => number;

  constructor({ credentials, transport = createTransport(), now = Date.now }: ClientParts) {
    this.#credentials = credentials;
    this.#transport = transport;
    this.#now = now;
    this.#tokens = new TokenCache(transport, now);
  }

  /**
   * How a task is doing.
   *
   * A token that expired on the way is replaced, and credentials that are refused are read afresh, since they
   * may have been rotated: each once, and the call repeated.
   *
   * @throws {EnosError} when EnOS gives no status within ten seconds
   * @throws what the credential source throws
   */
  getDownloadStatus(task: TaskKey, options: CallOptions = {}): Promise<DownloadStatus> {
    const { signal, singleAttempt = false } = options;
    if (singleAttempt) {
      return this.#lookUp(task, true, (request) =>
        Call.within(CALL_BUDGET_MS, { singleAttempt, signal }, (call) => request(call)),
      );
    }
    return Call.within(CALL_BUDGET_MS, { singleAttempt, signal }, (call) =>
      this.#lookUp(task, false, (request) => request(call)),
    );
  }

  async #lookUp(
    task: TaskKey,
    singleAttempt: boolean,
    within: <T>(step: (call: Call) => Promise<T>) => Promise<T>,
  ): Promise<DownloadStatus> {
    const { orgId } = task;
    let credentials = await within(() => this.#credentials.get(orgId));
    let tokenRenewed = false;
    let secretReread = false;
    for (;;) {
      let token = "";
      try {
        const held = this.#tokens.get(orgId, credentials, singleAttempt);
        token = typeof held === "string" ? held : await within(() => held);
        return parseStatus(task, await within((call) => this.#ask(task, credentials, token, call)));
      } catch (error) {
        if (!(error instanceof EnosError)) throw error;
        if (error.kind === "token-expired") {
          this.#tokens.drop(orgId, token);
          // Twice in a row with a new token: it is not the token that is refused.
          if (tokenRenewed) throw new EnosError("credentials", error.message, { code: error.code });
          tokenRenewed = true;
        } else if (error.kind === "credentials" && !secretReread) {
          secretReread = true;
          credentials = await within(() => this.#credentials.refresh(orgId, credentials));
        } else {
          throw error;
        }
      }
    }
  }

  #ask(task: TaskKey, credentials: Credentials, accessToken: string, call: Call): Promise<unknown> {
    const query = { orgId: task.orgId };
    const request = {
      origin: credentials.baseUrl,
      path: `${statusPath(task)}?orgId=${task.orgId}`,
      method: "GET" as const,
      signing: { accessToken, secretKey: credentials.secretKey, query, now: this.#now },
    };
    return call.send(this.#transport, () => request, this.#now);
  }
}
