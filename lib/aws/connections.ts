import { NodeHttpHandler } from "@smithy/node-http-handler";
import { ageOf, moment } from "../enos/moment.ts";

/** How long a connection that nobody uses is trusted, in milliseconds. What stands between may have forgotten it. */
const KEEP_ALIVE_MS = 30_000;
/** For a connection to be there, in milliseconds. */
const CONNECT_MS = 1_000;

/** How the connections of an AWS client are set. */
export interface ConnectionOptions {
  /**
   * For the beginning of an answer, and from one part of it to the next, in milliseconds. By default the SDK only
   * warns, and waits on: a call that hangs would keep everybody waiting who shares its outcome.
   */
  answerMs: number;
  /** Connections at a time; 50 when left out. */
  maxSockets?: number;
}

type Handle = NodeHttpHandler["handle"];

/**
 * The connections of an AWS client, for its `requestHandler`.
 *
 * A frozen process closes no connection in time, and when it goes on, all that it kept may be dead: a retry that
 * takes the next of them fails as the first did. So what has lain idle for long is closed before a call, and
 * everything that lies idle when a call failed, so that its retry connects anew.
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
