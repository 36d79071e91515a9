import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";

/** A server that listens on loopback. Disposing it closes the server and every connection. */
export interface Loopback {
  readonly port: number;
  /** The server's address, as one of plain HTTP. */
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a server listen on loopback.
 *
 * @param port any free one if omitted; the promise is rejected if the port is taken
 */
export async function listen(server: Server, port = 0, host = "127.0.0.1"): Promise<Loopback> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: `http://${host}:${bound}`,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
