import { randomInt } from "node:crypto";
import getPort, { portNumbers } from "get-port";

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
  for (const [name, wish] of Object.entries(wishes) as [Name, number][]) {
    // From a place of its own, since another process may choose at the same moment.
    const others = portNumbers(randomInt(FROM, TO), TO);
    chosen[name] = await getPort({ host: "127.0.0.1", port: wish === 0 ? others : [wish, ...others] });
  }
  return chosen;
}

/**
 * The port for the HTTP API that the environment asks for; undefined when it asks for none.
 *
 * @throws {Error} that names HTTP_PORT, when it is no port or is occupied
 */
export async function httpPortIn(env: NodeJS.ProcessEnv): Promise<number | undefined> {
  if (!env.HTTP_PORT) return undefined;
  const port = /^\d{1,5}$/.test(env.HTTP_PORT) ? Number(env.HTTP_PORT) : 0;
  if (port < 1 || port > 65_535) throw new Error("HTTP_PORT must be a port: a number from 1 to 65535");
  // It gives 0 where it may not look, as below 1024.
  const free = await getPort({ host: "127.0.0.1", port }).catch(() => 0);
  if (free !== port) throw new Error(`port ${port} is occupied or not allowed: set HTTP_PORT to another`);
  return port;
}
