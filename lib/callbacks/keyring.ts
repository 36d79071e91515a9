import { type CallbackKey, type CallbackScope, callbackToken, scopeOf } from "./token.ts";

/** The least time between two reads of the keys because of unknown tokens, in milliseconds. */
const REREAD_MS = 60_000;
/** Keys are read again after this, in milliseconds, so that a replaced key is not accepted for ever. */
const MAX_AGE_MS = 60 * 60_000;

/** The keys that are accepted; the first one is used for new tokens. */
export type Keys = readonly [CallbackKey, ...CallbackKey[]];

export type ReadKeys = (signal?: AbortSignal) => Promise<Keys>;

/** Makes and verifies tokens. Reads the keys when they are needed, and caches them. */
export class Keyring {
  readonly #readKeys: ReadKeys;
  readonly #now: () => number;
  #keys: Keys | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor({ readKeys, now = Date.now }: { readKeys: ReadKeys; now?: () => number }) {
    this.#readKeys = readKeys;
    this.#now = now;
  }

  /** @throws what reading the keys throws */
  async tokenFor(scope: CallbackScope, signal?: AbortSignal): Promise<string> {
    const [current] = await this.#known(signal);
    return callbackToken(scope, current);
  }

  /**
   * The scope of a token; undefined if the token is not ours.
   *
   * @throws what reading the keys throws
   */
  async scopeOf(token: string, signal?: AbortSignal): Promise<CallbackScope | undefined> {
    const found = scopeOf(token, await this.#known(signal), this.#now());
    if (found || this.#ageMs < REREAD_MS) return found;
    // It may have been made with a newer key than those in the cache.
    return scopeOf(token, await this.#read(signal), this.#now());
  }

  async #known(signal?: AbortSignal): Promise<Keys> {
    if (this.#keys === undefined) return this.#read(signal);
    if (this.#ageMs < MAX_AGE_MS) return this.#keys;
    const known = this.#keys;
    // While Secrets Manager is unavailable, use the keys that worked a moment ago.
    return this.#read(signal).catch(() => known);
  }

  async #read(signal?: AbortSignal): Promise<Keys> {
    // Set before the answer arrives, so that a flood of unknown tokens reads the keys once, even if that fails.
    this.#readAt = this.#now();
    this.#keys = await this.#readKeys(signal);
    return this.#keys;
  }

  get #ageMs(): number {
    return this.#now() - this.#readAt;
  }
}
