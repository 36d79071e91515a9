import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Loopback, listen } from "../loopback.ts";
import { ADMIN_PREFIX, MAX_ADMIN_BODY, serveAdmin } from "./admin.ts";
import { EnosControl } from "./control.ts";
import { serveEnos } from "./gateway.ts";
import { decode, findRoute } from "./routes.ts";

export interface EnosSimulatorOptions {
  /** The port on 127.0.0.1; any free one if omitted. */
  readonly port?: number;
  /** The simulator's clock, Unix milliseconds: used for tokens, timelines and timestamps. */
  readonly now?: () => number;
  /** A source of random numbers in [0, 1), for faults with a probability. */
  readonly random?: () => number;
}

const MAX_BODY = 1024 * 1024;
const NO_BODY = Buffer.alloc(0);

/** A running EnOS simulator: its address, and its admin routes as methods. */
export class EnosSimulator extends EnosControl implements AsyncDisposable {
  readonly url: string;
  readonly #loopback: Loopback;

  /** @internal use startEnosSimulator */
  constructor({ loopback, ...control }: { loopback: Loopback; now: () => number; random: () => number }) {
    super(control);
    this.#loopback = loopback;
    this.url = loopback.url;
  }

  /** Stops at once: the connections of open requests are closed. */
  async close(): Promise<void> {
    this.state.callbacks.stop();
    await this.#loopback[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts an EnOS that listens on loopback, as strict as the real one, and as unreliable as configured.
 * Rejects if the port is taken.
 */
export async function startEnosSimulator(options: EnosSimulatorOptions = {}): Promise<EnosSimulator> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  const simulator = new EnosSimulator({
    loopback: await listen(server, options.port),
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  });
  server.on("request", (request, response) => {
    if (hasBody(request)) withBody(simulator, request, response);
    else serve(simulator, request, response, NO_BODY);
  });
  server.on("clientError", (_error, socket) => {
    if (!socket.writable) return void socket.destroy();
    const body = JSON.stringify({ code: 99400, msg: "not HTTP", data: null });
    socket.end(
      `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
  return simulator;
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return (length !== undefined && length !== "0") || request.headers["transfer-encoding"] !== undefined;
}

function withBody(simulator: EnosSimulator, request: IncomingMessage, response: ServerResponse): void {
  const limit = request.url?.startsWith(ADMIN_PREFIX) ? MAX_ADMIN_BODY : MAX_BODY;
  const chunks: Buffer[] = [];
  let length = 0;
  // A caller that disconnects while sending needs no answer.
  request.on("error", () => {});
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on("end", () => {
    if (length > limit) sendError(response, 413, 99400, "body is too large");
    else
      serve(
        simulator,
        request,
        response,
        chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
      );
  });
}

function serve(
  simulator: EnosSimulator,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  try {
    dispatch(simulator, request, response, body);
  } catch {
    if (response.headersSent) response.destroy();
    else sendError(response, 500, 99500, "the simulator failed");
  }
}

function dispatch(
  simulator: EnosSimulator,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  const { method = "", url = "" } = request;
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const route = findRoute(method, path);
  if (route !== undefined) {
    serveEnos(simulator, request, response, route, mark === -1 ? "" : url.slice(mark + 1), body);
    return;
  }
  if (path.startsWith(ADMIN_PREFIX)) {
    const segments = path.slice(ADMIN_PREFIX.length).split("/").map(decode);
    if (segments.every((segment) => segment !== undefined)) {
      serveAdmin(simulator, method, segments, body, response);
      return;
    }
  }
  simulator.state.records.countOther();
  sendError(response, 404, 99404, "no such endpoint");
}

function sendError(response: ServerResponse, httpStatus: number, code: number, msg: string): void {
  const body = JSON.stringify({ code, msg, data: null });
  response.writeHead(httpStatus, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
