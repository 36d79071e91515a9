import { CallBudget, type CallOptions } from "./budget.ts";
import { type CredentialSource, type Credentials, isSameApplication } from "./credentials.ts";
import { EnosError } from "./errors.ts";
import { type Sender, send } from "./send.ts";
import { TokenCache } from "./token.ts";

/** A call of an EnOS API. */
export interface ApiCall {
  method: "GET";
  /** From the gateway's root, without a query. */
  path: string;
  query: Record<string, string>;
}

/** Calls EnOS's APIs for every organisation, and takes care of its credentials and token. */
export class EnosApi {
  readonly #credentials: CredentialSource;
  readonly #sender: Sender;
  readonly #tokens: TokenCache;

  constructor({ credentials, sender }: { credentials: CredentialSource; sender: Sender }) {
    this.#credentials = credentials;
    this.#sender = sender;
    this.#tokens = new TokenCache(sender);
  }

  /**
   * The `data` of EnOS's answer.
   *
   * If the token has expired it is replaced, and if the credentials are refused they are read again, since they may have
   * been rotated; each happens at most once, and the call is repeated.
   *
   * @throws {EnosError} when EnOS gives none in time
   * @throws what the credential source throws
   */
  async call(orgId: string, call: ApiCall, options: CallOptions): Promise<unknown> {
    using budget = new CallBudget(options);
    let credentials = await budget.waitFor(this.#credentials.get(orgId));
    let tokenRenewed = false;
    let secretReread = false;
    for (;;) {
      let token = "";
      try {
        budget.nextStep();
        const held = this.#tokens.get(orgId, credentials, budget.singleAttempt);
        token = typeof held === "string" ? held : await budget.waitFor(held);
        budget.nextStep();
        return await this.#send(call, credentials, token, budget);
      } catch (error) {
        if (!(error instanceof EnosError)) throw error;
        if (error.kind === "token-expired" && !tokenRenewed && token) {
          tokenRenewed = true;
          this.#tokens.drop(orgId, token);
          continue;
        }
        // The token was renewed a moment ago, or cannot be had: it is the keys that are refused.
        const refusal =
          error.kind === "token-expired"
            ? new EnosError("credentials", error.message, { code: error.code })
            : error;
        if (refusal.kind !== "credentials" || secretReread) throw refusal;
        secretReread = true;
        budget.nextStep();
        const refused = credentials;
        credentials = await budget.waitFor(this.#credentials.refresh(orgId, refused));
        tokenRenewed = false;
        if (isSameApplication(credentials, refused)) throw refusal;
      }
    }
  }

  #send({ method, path, query }: ApiCall, credentials: Credentials, accessToken: string, budget: CallBudget) {
    const request = {
      origin: credentials.baseUrl,
      path: `${path}?${queryString(query)}`,
      method,
      signing: { accessToken, secretKey: credentials.secretKey, query, now: this.#sender.now },
    };
    return send(this.#sender, () => request, budget);
  }
}

function queryString(query: Record<string, string>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}
