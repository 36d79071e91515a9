import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

/** A request that came by. */
export interface Recorded {
  method: string;
  url: URL;
}

/** Hands requests on as they are, and keeps what they asked for. */
export class Recorder implements AsyncDisposable {
  readonly url: string;
  readonly requests: Recorded[] = [];
  readonly #server: Server;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    await new Promise<void>((started) => server.listen(0, "127.0.0.1", started));
    return new Recorder(server, target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
