import * as z from "zod/mini";
import { ageOf, type Moment, moment } from "../time/moment.ts";
import { CallBudget } from "./budget.ts";
import { type Credentials, isSameApplication } from "./credentials.ts";
import { EnosError } from "./errors.ts";
import { type Sender, send } from "./send.ts";
import { tokenEncryption } from "./signature.ts";

/** A token with this much time left, or less, is renewed, as EnOS's public clients do. */
const RENEW_BEFORE_EXPIRY_MS = 5 * 60_000;
/** The time that a token must have left to be used if it cannot be renewed: that of a call. */
const USABLE_MS = 10_000;
/** The pause after a renewal that failed. */
const RENEW_AGAIN_MS = 30_000;
/**
 * The time to get a token with retries, without, and to renew one that is still valid, in milliseconds. It is independent
 * of the callers' own budgets, since many may be waiting.
 */
const BUDGET_MS = { retried: 8_000, single: 10_000, renewal: 3_000 };
/** Longer than all of these together. */
const LONGEST_MS = 15_000;
/** How many timestamps are remembered: more than are used before the clock advances. */
const REMEMBERED_TIMESTAMPS = 1_000;

const TokenData = z.object({
  // What a header can contain: anything else would fail in the transport, as if EnOS were unreachable.
  accessToken: z.string().check(z.regex(/^[\x21-\x7e]{1,8192}$/)),
  // The seconds that are left, not the token's whole lifetime.
  expire: z.union([z.number(), z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number))]),
});

interface Token {
  accessToken: string;
  obtained: Moment;
  /** The milliseconds that it had left then, and after how many to renew it. */
  lifetime: number;
  renewAfter: number;
}

interface Entry {
  /** Whose token it is. */
  credentials: Credentials;
  token: Token | undefined;
  /** The last token with which a call was refused. */
  refused: string | undefined;
  /** The request in flight, which all callers share. */
  pending: { token: Promise<string>; since: Moment } | undefined;
}

/** Caches one access token per organisation, and fetches it once, however many calls wait for it. */
export class TokenCache {
  readonly #sender: Sender;
  readonly #entries = new Map<string, Entry>();
  readonly #usedTimestamps = new Set<number>();

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /**
   * A token with more than five minutes left, or with less if EnOS does not renew it.
   *
   * @throws {EnosError} when EnOS gives none
   */
  get(orgId: string, credentials: Credentials, singleAttempt: boolean): string | Promise<string> {
    let entry = this.#entries.get(orgId);
    if (!entry || !isSameApplication(entry.credentials, credentials)) {
      entry = { credentials, token: undefined, refused: undefined, pending: undefined };
      this.#entries.set(orgId, entry);
    }
    const { token, pending } = entry;
    // A request that was in flight when the process was frozen has failed, though that may not be known yet.
    if (pending && this.#age(pending.since) < LONGEST_MS) return pending.token;
    if (token && this.#age(token.obtained) < token.renewAfter) return token.accessToken;
    return this.#renew(entry, singleAttempt);
  }

  /** Forgets a token that EnOS refused; a newer one stays. */
  drop(orgId: string, accessToken: string): void {
    const entry = this.#entries.get(orgId);
    if (entry?.token?.accessToken !== accessToken) return;
    entry.token = undefined;
    entry.refused = accessToken;
  }

  #renew(entry: Entry, singleAttempt: boolean): Promise<string> {
    const token = this.#obtain(entry, singleAttempt).then(
      (obtained) => {
        if (entry.pending === pending) entry.pending = undefined;
        entry.token = obtained;
        return obtained.accessToken;
      },
      (error) => {
        if (entry.pending === pending) entry.pending = undefined;
        throw error;
      },
    );
    const pending = { token, since: this.#now() };
    entry.pending = pending;
    return token;
  }

  /** EnOS returns the same token until it expires, so one that is about to expire, or was refused, has to be refreshed. */
  async #obtain(entry: Entry, singleAttempt: boolean): Promise<Token> {
    const { credentials, token: old } = entry;
    if (old && this.#age(old.obtained) < old.lifetime - USABLE_MS) {
      const renewed = await this.#renewalOf(old, credentials);
      if (renewed) return renewed;
      // It is still valid for minutes although renewing it failed, unless a call has been refused meanwhile.
      if (entry.token === old) return { ...old, renewAfter: this.#age(old.obtained) + RENEW_AGAIN_MS };
    }
    using budget = new CallBudget({ singleAttempt }, singleAttempt ? BUDGET_MS.single : BUDGET_MS.retried);
    const token = await this.#request("get", credentials, budget);
    if (token.lifetime > RENEW_BEFORE_EXPIRY_MS && token.accessToken !== entry.refused) return token;
    try {
      return await this.#request("refresh", credentials, budget, token.accessToken);
    } catch {
      return token;
    }
  }

  async #renewalOf(old: Token, credentials: Credentials): Promise<Token | undefined> {
    using budget = new CallBudget({ singleAttempt: true }, BUDGET_MS.renewal);
    try {
      return await this.#request("refresh", credentials, budget, old.accessToken);
    } catch {
      return undefined;
    }
  }

  async #request(
    action: "get" | "refresh",
    credentials: Credentials,
    budget: CallBudget,
    accessToken?: string,
  ): Promise<Token> {
    const request = () => {
      const timestamp = this.#timestamp();
      return {
        origin: credentials.baseUrl,
        path: `/apim-token-service/v2.0/token/${action}`,
        method: "POST" as const,
        body: JSON.stringify({
          appKey: credentials.accessKey,
          encryption: tokenEncryption(credentials.accessKey, timestamp, credentials.secretKey),
          timestamp,
          accessToken,
        }),
      };
    };
    const { data } = TokenData.safeParse(await send(this.#sender, request, budget));
    if (!data) throw new EnosError("malformed", "EnOS answered a token request without a token");
    const lifetime = data.expire * 1000;
    return {
      accessToken: data.accessToken,
      obtained: this.#now(),
      lifetime,
      // Half the lifetime for tokens that are issued with less than ten minutes, or each call would renew them.
      renewAfter: lifetime - Math.min(RENEW_BEFORE_EXPIRY_MS, lifetime / 2),
    };
  }

  #now(): Moment {
    return moment(this.#sender.now);
  }

  #age(then: Moment): number {
    return ageOf(then, this.#sender.now);
  }

  /**
   * The present time, but never the same twice: EnOS refuses a second request with the same timestamp as a replay (1001).
   * It follows a clock that is set back, since EnOS also refuses timestamps that are minutes off.
   */
  #timestamp(): number {
    let timestamp = this.#sender.now();
    while (this.#usedTimestamps.has(timestamp)) timestamp++;
    this.#usedTimestamps.add(timestamp);
    const [oldest] = this.#usedTimestamps;
    if (this.#usedTimestamps.size > REMEMBERED_TIMESTAMPS) this.#usedTimestamps.delete(oldest as number);
    return timestamp;
  }
}
