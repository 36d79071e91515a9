import { type CallbackScope, callbackToken, scopeOf, type TokenKey } from "./token.ts";

/** An unknown token has the keys read again no sooner than this after they were read last, in milliseconds. */
const REREAD_MS = 60_000;
/** Keys are read again after this, in milliseconds, so that one that was replaced does not count for ever. */
const MAX_AGE_MS = 60 * 60_000;

/** Those that count, the one that tokens are made with first. */
export type Keys = readonly [TokenKey, ...TokenKey[]];

export type ReadKeys = (signal?: AbortSignal) => Promise<Keys>;

/** Makes tokens and tells what they are for, with keys that are read when they are needed and kept. */
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
   * What a token is for; undefined for one that is not ours.
   *
   * @throws what reading the keys throws
   */
  async scopeOf(token: string, signal?: AbortSignal): Promise<CallbackScope | undefined> {
    const found = scopeOf(token, await this.#known(signal), this.#now());
    if (found || this.#ageMs < REREAD_MS) return found;
    // It may have been made with a key that is newer than those that are known here.
    return scopeOf(token, await this.#read(signal), this.#now());
  }

  async #known(signal?: AbortSignal): Promise<Keys> {
    if (this.#keys === undefined) return this.#read(signal);
    if (this.#ageMs < MAX_AGE_MS) return this.#keys;
    const known = this.#keys;
    // Keys that worked a moment ago are better than none while Secrets Manager is out.
    return this.#read(signal).catch(() => known);
  }

  async #read(signal?: AbortSignal): Promise<Keys> {
    // Before the answer is there: a flood of unknown tokens reads them once, also when that fails.
    this.#readAt = this.#now();
    this.#keys = await this.#readKeys(signal);
    return this.#keys;
  }

  get #ageMs(): number {
    return this.#now() - this.#readAt;
  }
}
