import { randomInt } from "node:crypto";
import getPort, { clearLockedPorts, portNumbers } from "get-port";

/** Below the range of ephemeral ports, which operating systems use for outgoing connections. */
const FROM = 20_000;
const TO = 30_000;

/**
 * Chooses a free port on 127.0.0.1 for each preferred one: that port if it is free, otherwise (or if it is 0) any
 * other.
 */
export async function choosePorts<Name extends string>(
  wishes: Record<Name, number>,
): Promise<Record<Name, number>> {
  const chosen = {} as Record<Name, number>;
  for (const [name, wish] of Object.entries(wishes) as [Name, number][]) {
    // From a random start, since another process may choose at the same time.
    const others = portNumbers(randomInt(FROM, TO), TO);
    chosen[name] = await getPort({ host: "127.0.0.1", port: wish === 0 ? others : [wish, ...others] });
  }
  return chosen;
}

/**
 * The port for the HTTP API from the environment; undefined if it is not set.
 *
 * @throws {Error} if HTTP_PORT is not a port or is occupied
 */
export async function httpPortIn(env: NodeJS.ProcessEnv): Promise<number | undefined> {
  if (!env.HTTP_PORT) return undefined;
  const port = /^\d{1,5}$/.test(env.HTTP_PORT) ? Number(env.HTTP_PORT) : 0;
  if (port < 1 || port > 65_535) throw new Error("HTTP_PORT must be a port: a number from 1 to 65535");
  // It rejects if the port is not allowed, as below 1024.
  const free = await getPort({ host: "127.0.0.1", port }).catch(() => 0);
  // A port that it has given is locked for some seconds: whoever asks for it next would get another.
  clearLockedPorts();
  if (free !== port) throw new Error(`port ${port} is occupied or not allowed: set HTTP_PORT to another`);
  return port;
}
