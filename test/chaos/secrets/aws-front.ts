import { createServer, type ServerResponse } from "node:http";
import { type Loopback, listen } from "../../../local/loopback.ts";

/** The answer of an AWS service that fails for a request; null if it does not fail. */
export type Failure = (request: { body: string; headers: string }) => {
  httpStatus: number;
  body: string;
} | null;

/** A proxy in front of an AWS emulator that fails some requests, with messages that reveal more than AWS's would. */
export class AwsFront implements AsyncDisposable {
  readonly url: string;
  readonly #loopback: Loopback;
  /** How many requests were made to fail. */
  failed = 0;

  private constructor(loopback: Loopback) {
    this.#loopback = loopback;
    this.url = loopback.url;
  }

  /** @param url the emulator's */
  static async start(url: string, failure: Failure): Promise<AwsFront> {
    const server = createServer();
    const front = new AwsFront(await listen(server));
    server.on("request", async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const failed = failure({ body, headers: request.rawHeaders.join(" ") });
      if (failed) {
        front.failed++;
        answer(response, failed.httpStatus, failed.body);
        return;
      }
      const { host: _host, connection: _connection, "content-length": _length, ...headers } = request.headers;
      const passed = await fetch(url + request.url, {
        method: request.method ?? "POST",
        headers: headers as Record<string, string>,
        body,
      });
      answer(response, passed.status, await passed.text());
    });
    return front;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }
}

function answer(response: ServerResponse, httpStatus: number, body: string): void {
  response.writeHead(httpStatus, { "content-type": body.startsWith("<") ? "text/xml" : "application/json" });
  response.end(body);
}
