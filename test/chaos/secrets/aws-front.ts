import { createServer, type ServerResponse } from "node:http";
import { type Loopback, listen } from "../../../local/loopback.ts";

/** What an AWS service says when it fails, given what it was sent and what it holds. */
export type Failure = (request: { body: string; headers: string }) => {
  httpStatus: number;
  body: string;
} | null;

/** A front of an AWS emulator that fails for some requests, and is more talkative about it than AWS would be. */
export class AwsFront implements AsyncDisposable {
  readonly url: string;
  readonly #loopback: Loopback;
  /** Requests that were failed. */
  failed = 0;

  private constructor(loopback: Loopback) {
    this.#loopback = loopback;
    this.url = loopback.url;
  }

  /** @param url what stands behind it */
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
