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
