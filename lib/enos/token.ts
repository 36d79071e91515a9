import type { Dispatcher } from "undici";
import * as z from "zod/mini";
import { Call } from "./call.ts";
import type { Credentials } from "./credentials.ts";
import { EnosError } from "./errors.ts";
import { tokenEncryption } from "./signature.ts";

/** Public clients of EnOS renew a token that has this much left, or less. */
const RENEW_BEFORE_EXPIRY_MS = 5 * 60_000;
/** All attempts to get one token, in milliseconds, and a single one. Their own, since many calls may be waiting. */
const TOKEN_BUDGET_MS = { retried: 8_000, single: 10_000 };

const TokenData = z.object({
  // What a header can carry: any other would fail in the transport, as if nobody were there.
  accessToken: z.string().check(z.regex(/^[\x21-\x7e]{1,8192}$/)),
  // Seconds that are left, not the token's whole life.
  expire: z.union([z.number(), z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number))]),
});

interface Entry {
  credentials: Credentials;
  /** The request under way, which every caller waits for. */
  pending: Promise<string> | undefined;
  token: string;
  /** Unix milliseconds. */
  expiresAt: number;
  renewAt: number;
}

/** One access token per organisation, fetched once however many calls wait for it. */
export class TokenCache {
  readonly #dispatcher: Dispatcher;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  #lastTimestamp = 0;

  constructor(dispatcher: Dispatcher, now: () => number) {
    this.#dispatcher = dispatcher;
    this.#now = now;
  }

  /**
   * A token with more than five minutes left.
   *
   * @throws {EnosError} when EnOS gives none
   */
  get(orgId: string, credentials: Credentials, singleAttempt: boolean): string | Promise<string> {
    const entry = this.#entries.get(orgId);
    if (entry && isSameApp(entry.credentials, credentials)) {
      if (entry.pending) return entry.pending;
      if (this.#now() < entry.renewAt) return entry.token;
      return this.#renew(orgId, credentials, singleAttempt, entry);
    }
    return this.#renew(orgId, credentials, singleAttempt);
  }

  /** Forgets a token that EnOS refused; a newer one stays. */
  drop(orgId: string, token: string): void {
    const entry = this.#entries.get(orgId);
    if (entry && !entry.pending && entry.token === token) this.#entries.delete(orgId);
  }

  #renew(orgId: string, credentials: Credentials, singleAttempt: boolean, old?: Entry): Promise<string> {
    const entry: Entry = { credentials, pending: undefined, token: "", expiresAt: 0, renewAt: 0 };
    const current = old && this.#now() < old.expiresAt ? old.token : undefined;
    entry.pending = this.#obtain(credentials, singleAttempt, current).then(
      ({ accessToken, expire }) => {
        const now = this.#now();
        entry.pending = undefined;
        entry.token = accessToken;
        entry.expiresAt = now + expire * 1000;
        // Half-life for tokens that are born with less than ten minutes, or each call would renew them.
        entry.renewAt = entry.expiresAt - Math.min(RENEW_BEFORE_EXPIRY_MS, (expire * 1000) / 2);
        return accessToken;
      },
      (error) => {
        if (this.#entries.get(orgId) === entry) this.#entries.delete(orgId);
        throw error;
      },
    );
    this.#entries.set(orgId, entry);
    return entry.pending;
  }

  /** EnOS hands out the same token until it expires, so one that is nearly spent has to be refreshed. */
  async #obtain(
    credentials: Credentials,
    singleAttempt: boolean,
    current: string | undefined,
  ): Promise<z.infer<typeof TokenData>> {
    const get = () => this.#request("get", credentials, singleAttempt);
    const usable = current ? { accessToken: current, expire: 0 } : await get();
    if (usable.expire * 1000 > RENEW_BEFORE_EXPIRY_MS) return usable;
    try {
      return await this.#request("refresh", credentials, singleAttempt, usable.accessToken);
    } catch (error) {
      if (!(error instanceof EnosError) || error.kind === "credentials") throw error;
      return current ? await get() : usable;
    }
  }

  async #request(
    action: "get" | "refresh",
    credentials: Credentials,
    singleAttempt: boolean,
    accessToken?: string,
  ): Promise<z.infer<typeof TokenData>> {
    const request = () => {
      const timestamp = this.#timestamp();
      return {
        origin: credentials.baseUrl,
        path: `/apim-token-service/v2.0/token/${action}`,
        method: "POST" as const,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          appKey: credentials.accessKey,
          encryption: tokenEncryption(credentials.accessKey, timestamp, credentials.secretKey),
          timestamp,
          accessToken,
        }),
      };
    };
    const budgetMs = singleAttempt ? TOKEN_BUDGET_MS.single : TOKEN_BUDGET_MS.retried;
    const data = await Call.within(budgetMs, { singleAttempt }, (call) =>
      call.send(this.#dispatcher, request, this.#now),
    );
    const token = TokenData.safeParse(data).data;
    if (!token) throw new EnosError("malformed", "EnOS answered a token request without a token");
    return token;
  }

  /** Never the same twice: EnOS refuses a second request with the same timestamp as a replay (1001). */
  #timestamp(): number {
    this.#lastTimestamp = Math.max(this.#now(), this.#lastTimestamp + 1);
    return this.#lastTimestamp;
  }
}

function isSameApp(a: Credentials, b: Credentials): boolean {
  return a.accessKey === b.accessKey && a.secretKey === b.secretKey && a.baseUrl === b.baseUrl;
}
