import dynalite from "dynalite";
import { listen } from "../loopback.ts";

/** A running DynamoDB emulator. */
export interface DynamoDB extends AsyncDisposable {
  readonly url: string;
  close(): Promise<void>;
}

export interface DynamoDBOptions {
  /** The port on 127.0.0.1; any free one if omitted. */
  readonly port?: number;
  /** A directory in which the tables survive a restart; in memory if omitted. */
  readonly path?: string;
}

/**
 * Starts a DynamoDB (dynalite) on loopback. It checks conditions, expressions and indexes like the real one, but
 * never expires an item by TTL. Rejects if the port is taken.
 */
export async function startDynamoDB(options: DynamoDBOptions = {}): Promise<DynamoDB> {
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(options.path === undefined ? undefined : { path: options.path }),
  });
  // dynalite throws, which ends the process, when a client disconnects while sending, as killed clients do here.
  server.on("request", (request) => {
    request.removeAllListeners("error");
    request.on("error", () => {});
  });
  const loopback = await listen(server, options.port);
  const close = () => loopback[Symbol.asyncDispose]();
  return { url: loopback.url, close, [Symbol.asyncDispose]: close };
}
