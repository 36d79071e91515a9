import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { callbackEvent } from "../../local/harness/api-event.ts";
import type { LambdaProcess } from "../../local/harness/lambda-process.ts";

/** What API Gateway does for callbacks, on loopback: hands each over to the function, and gives back its answer. */
export class CallbackApi implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  #callback: LambdaProcess | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<CallbackApi> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const api = new CallbackApi(server);
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
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
