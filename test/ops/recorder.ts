import { createServer, request as httpRequest, type Server } from "node:http";
import { pipeline } from "node:stream";
import { type Loopback, listen } from "../../local/loopback.ts";

/** A request that came by. */
export interface Recorded {
  method: string;
  url: URL;
}

/** Hands requests on as they are, and keeps what they asked for. */
export class Recorder implements AsyncDisposable {
  readonly url: string;
  readonly requests: Recorded[] = [];
  readonly #loopback: Loopback;

  private constructor(server: Server, loopback: Loopback, target: string) {
    this.#loopback = loopback;
    this.url = loopback.url;
    server.on("request", (incoming, response) => {
      const { method = "", headers } = incoming;
      const url = new URL(incoming.url ?? "/", target);
      this.requests.push({ method, url });
      const outgoing = httpRequest(url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, response, () => {});
      });
      outgoing.on("error", () => response.destroy());
      pipeline(incoming, outgoing, () => {});
    });
  }

  static async start(target: string): Promise<Recorder> {
    const server = createServer();
    return new Recorder(server, await listen(server), target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }
}
