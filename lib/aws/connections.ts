import { NodeHttpHandler } from "@smithy/node-http-handler";
import { ageOf, moment } from "../time/moment.ts";

/** How long an idle connection is trusted, in milliseconds: something in between may have dropped it. */
const KEEP_ALIVE_MS = 30_000;
/** For connecting, in milliseconds. */
const CONNECT_MS = 1_000;

/** Options of the connections of an AWS client. */
export interface ConnectionOptions {
  /**
   * For the first byte of an answer, and between two parts of it, in milliseconds. By default the SDK only warns and
   * keeps waiting: a call that hangs would hold up everybody who waits for its outcome.
   */
  answerMs: number;
  /** Connections at a time; 50 by default. */
  maxSockets?: number;
}

type Handle = NodeHttpHandler["handle"];

/**
 * The connections of an AWS client, for its `requestHandler`.
 *
 * A frozen process does not close idle connections, so that when it resumes, all of them may be dead, and a retry over
 * the next one fails as well. Therefore idle connections are closed before a call if they have been idle for long, and
 * after a call that failed, so that its retry opens a new one.
 */
export class AwsConnections extends NodeHttpHandler {
  #lastUse = moment();

  constructor({ answerMs, maxSockets = 50 }: ConnectionOptions) {
    super({
      connectionTimeout: CONNECT_MS,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      socketTimeout: answerMs,
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    });
  }

  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    if (ageOf(this.#lastUse) > KEEP_ALIVE_MS) this.#closeIdle();
    this.#lastUse = moment();
    try {
      return await super.handle(request, options);
    } catch (error) {
      this.#closeIdle();
      throw error;
    }
  }

  #closeIdle(): void {
    const { httpAgent, httpsAgent } = this.httpHandlerConfigs();
    for (const agent of [httpAgent, httpsAgent]) {
      if (!agent || !("freeSockets" in agent)) continue;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }
}
