import { createServer, type Server, type Socket } from "node:net";
import { EnosClient } from "../../lib/enos/client.ts";
import type { Credentials } from "../../lib/enos/credentials.ts";
import { type Loopback, listen } from "../../local/loopback.ts";

/** A request as it came, on the how-manieth of the connections. */
export interface RawRequest {
  path: string;
  head: string;
  body: string;
  connection: number;
}

/** What is written to a request: bytes, or whatever a function does with the socket. */
export type Reply = string | Buffer | ((socket: Socket, request: RawRequest) => void);

/** A status answer of the documented shape. */
export const GOOD = JSON.stringify({ code: 0, msg: "OK", data: { taskId: "t1", progressCode: 3 } });
/** A token answer of the documented shape. */
export const TOKEN = http(
  "200 OK",
  JSON.stringify({ status: 0, data: { accessToken: "token", expire: 7200 } }),
);

/** An HTTP answer, byte by byte as it is written here; the length is added. */
export function http(status: string, body: string | Buffer = GOOD, headers: string[] = []): Buffer {
  const bytes = Buffer.from(body as string);
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, ...headers].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]);
}

/** A gateway that writes bytes which no library would, and a client of it. */
export class RawGateway implements AsyncDisposable {
  readonly requests: RawRequest[] = [];
  /** How status requests are answered, and token requests. */
  status: Reply = http("200 OK");
  token: Reply = TOKEN;
  readonly url: string;
  readonly #loopback: Loopback;

  private constructor(server: Server, loopback: Loopback) {
    this.#loopback = loopback;
    this.url = loopback.url;
    let connections = 0;
    server.on("connection", (socket) => this.#serve(socket, connections++));
  }

  static async start(port = 0): Promise<RawGateway> {
    const server = createServer();
    return new RawGateway(server, await listen(server, port));
  }

  /** The credentials with which a client comes here. */
  get credentials(): Credentials {
    return { accessKey: "ak", secretKey: "sk", baseUrl: this.url, requestsPerSecond: undefined };
  }

  /** A client that has no token yet. */
  client(credentials = this.credentials): EnosClient {
    return new EnosClient({
      credentials: { get: async () => credentials, refresh: async () => credentials },
    });
  }

  /** Requests to Get Download Status, or to the token service. */
  of(kind: "status" | "token"): RawRequest[] {
    return this.requests.filter(({ path }) => path.startsWith("/apim-token-service") === (kind === "token"));
  }

  /** Forgets the requests so far. */
  reset(): void {
    this.requests.length = 0;
  }

  #serve(socket: Socket, connection: number): void {
    socket.on("error", () => {});
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = received.slice(0, end);
      const body = received.slice(end + 4);
      if (body.length < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)) return;
      received = "";
      const path = head.split(" ")[1] ?? "";
      const request = { path, head, body, connection };
      this.requests.push(request);
      const reply = path.startsWith("/apim-token-service") ? this.token : this.status;
      if (typeof reply === "function") reply(socket, request);
      else socket.write(reply);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }
}
