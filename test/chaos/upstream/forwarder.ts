/**
 * A proxy in front of a gateway, which forwards every connection. It is a process of its own, so that it can be killed,
 * stopped and restarted. `node forwarder.ts <port, or 0> <port of the gateway> <connections that may wait>` prints the
 * port that it listens on.
 */
import { type AddressInfo, connect, createServer } from "node:net";

const [port, target, backlog] = process.argv.slice(2).map(Number);

const server = createServer((near) => {
  const far = connect(target as number, "127.0.0.1");
  near.pipe(far).pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
});
server.listen({ port, host: "127.0.0.1", backlog }, () => {
  console.log((server.address() as AddressInfo).port);
});
