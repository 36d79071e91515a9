import { createServer, type Server } from "node:net";

/** Below the range that operating systems deal out for outgoing connections, which come and go at any time. */
const FROM = 20_000;
const TO = 30_000;

/**
 * Free ports on 127.0.0.1, one for each that is wished for: that very one where it is free, any other where it is
 * not, or where the wish is 0.
 */
export async function choosePorts<Name extends string>(
  wishes: Record<Name, number>,
): Promise<Record<Name, number>> {
  const chosen = {} as Record<Name, number>;
  const held: Server[] = [];
  // Each is held until all are chosen, so that none is chosen twice.
  for (const [name, wish] of Object.entries(wishes) as [Name, number][]) {
    let port = wish;
    let server = port === 0 ? undefined : await hold(port);
    while (!server) {
      port = FROM + Math.floor(Math.random() * (TO - FROM));
      server = await hold(port);
    }
    held.push(server);
    chosen[name] = port;
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return chosen;
}

/** Undefined when somebody else has the port. */
function hold(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
