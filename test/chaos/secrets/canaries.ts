import { randomBytes } from "node:crypto";

/** Secret texts, and the search for them in what the service outputs. */
export class Canaries {
  readonly #texts = new Map<string, string>();

  /** A new secret text. @param what describes it where it is found */
  hatch(what: string): string {
    return this.add(what, `canary${randomBytes(12).toString("hex")}`);
  }

  /** A text that has become a secret, such as a signature. */
  add(what: string, text: string): string {
    this.#texts.set(text, what);
    return text;
  }

  get size(): number {
    return this.#texts.size;
  }

  /** Which kinds of secrets a text contains, as they are or in base64. */
  foundIn(text: string): string[] {
    const found = new Set<string>();
    for (const [secret, what] of this.#texts) {
      // Without the last characters, which depend on what follows the secret.
      const base64 = Buffer.from(secret).toString("base64").replace(/.=*$/, "");
      if (text.includes(secret) || text.includes(base64)) found.add(what);
    }
    return [...found];
  }
}

/** Everything in an error: its message, stack and own properties, and, recursively, what those contain. */
export function everythingOf(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (seen.has(value)) return "";
  seen.add(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  const own = Reflect.ownKeys(value).map(
    (key) => `${String(key)}: ${everythingOf((value as Record<PropertyKey, unknown>)[key], seen)}`,
  );
  const held =
    value instanceof Map ? [...value.keys(), ...value.values()] : value instanceof Set ? [...value] : [];
  return [...own, ...held.map((each) => everythingOf(each, seen))].join("\n");
}
