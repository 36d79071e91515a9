import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { callbackEvent } from "../../local/harness/api-event.ts";
import type { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { type Loopback, listen } from "../../local/loopback.ts";

/** A local API for callbacks: passes each on to the function, and its answer back. */
export class CallbackApi implements AsyncDisposable {
  readonly url: string;
  readonly #loopback: Loopback;
  #callback: LambdaProcess | undefined;

  private constructor(loopback: Loopback) {
    this.#loopback = loopback;
    this.url = loopback.url;
  }

  static async start(): Promise<CallbackApi> {
    const server = createServer();
    const api = new CallbackApi(await listen(server));
    server.on("request", async (request, response) => {
      const token = request.url?.split("/").at(-1) ?? "";
      const event = callbackEvent(token, await text(request));
      const answer = await api.#callback?.invoke<APIGatewayProxyStructuredResultV2>(event);
      response.writeHead(answer?.statusCode ?? 503).end(answer?.body);
    });
    return api;
  }

  /** The function that answers from now on. */
  serve(callback: LambdaProcess): void {
    this.#callback = callback;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }
}
