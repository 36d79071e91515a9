import { type Answer, type Refusal, refuse } from "./answer.ts";
import { tokenDigest } from "./digest.ts";
import type { Organisation, Organisations, Token } from "./organisations.ts";
import type { AnswerShape } from "./shape.ts";
import { ALLOWED_SKEW_MS, isRecent } from "./verify.ts";

/** A token request: its organisation, and why it is refused, if it is. */
export interface TokenRequest {
  readonly organisation: Organisation | undefined;
  readonly refusal: Refusal | undefined;
  readonly accessKey: string;
  readonly timestamp: string;
  readonly encryption: string;
  /** Empty unless it is a refresh. */
  readonly accessToken: string;
}

/** Issues tokens, and remembers which digests it has seen. */
export class TokenService {
  readonly #organisations: Organisations;
  // Two generations, each as long as a timestamp is accepted, so that no digest is forgotten while it could be used.
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  #generationEnds = 0;

  constructor(organisations: Organisations) {
    this.#organisations = organisations;
  }

  /**
   * Checks in this order: a JSON object (1004), nothing empty (1202), the types and the timestamp (1004), the appKey
   * (1002), the digest (1003). Changes nothing.
   */
  read(body: Buffer, isRefresh: boolean, now: number): TokenRequest {
    const fields = parseObject(body);
    const appKey = fields?.appKey;
    const accessKey = typeof appKey === "string" ? appKey : "";
    const organisation = this.#organisations.byAccessKey(accessKey);
    const timestamp = String(fields?.timestamp ?? "");
    const encryption = typeof fields?.encryption === "string" ? fields.encryption : "";
    const accessToken = typeof fields?.accessToken === "string" ? fields.accessToken : "";
    const request = { organisation, accessKey, timestamp, encryption, accessToken };
    const refusal = (code: number, msg: string): TokenRequest => ({
      ...request,
      refusal: { code, msg, by: "token service" },
    });

    if (fields === undefined) return refusal(1004, "body is not a JSON object");
    for (const name of isRefresh ? [...REQUIRED, "accessToken"] : REQUIRED) {
      if (fields[name] === undefined || fields[name] === null || fields[name] === "") {
        return refusal(1202, `${name} is empty`);
      }
      const isText = typeof fields[name] === "string";
      if (!isText && !(name === "timestamp" && typeof fields[name] === "number")) {
        return refusal(1004, `${name} is not valid`);
      }
    }
    if (!isRecent(timestamp, now)) return refusal(1004, "timestamp is not valid");
    if (organisation === undefined) return refusal(1002, "appKey does not exist");
    if (tokenDigest(accessKey, timestamp, organisation.secretKey) !== encryption) {
      return refusal(1003, "encryption is not valid");
    }
    return { ...request, refusal: undefined };
  }

  /** The valid token, the same until it expires; refuses a digest it has seen (1001). */
  get(request: TokenRequest, organisation: Organisation, shape: AnswerShape, now: number): Answer {
    if (this.#repeats(request.encryption, now)) return refuse(REPEATED, shape);
    return grant(this.#organisations.token(organisation, now), shape, now);
  }

  /** A new token in exchange for the valid one, which is refused from then on; 1204 for any other token. */
  refresh(request: TokenRequest, organisation: Organisation, shape: AnswerShape, now: number): Answer {
    if (this.#repeats(request.encryption, now)) return refuse(REPEATED, shape);
    if (this.#organisations.byToken(request.accessToken, now) !== organisation) {
      return refuse({ code: 1204, msg: "token refresh failed", by: "token service" }, shape);
    }
    return grant(this.#organisations.newToken(organisation, now), shape, now);
  }

  #repeats(encryption: string, now: number): boolean {
    if (now >= this.#generationEnds) {
      this.#seenBefore = now >= this.#generationEnds + 2 * ALLOWED_SKEW_MS ? new Set() : this.#seen;
      this.#seen = new Set();
      this.#generationEnds = now + 2 * ALLOWED_SKEW_MS;
    }
    if (this.#seen.has(encryption) || this.#seenBefore.has(encryption)) return true;
    this.#seen.add(encryption);
    return false;
  }
}

const REQUIRED = ["appKey", "encryption", "timestamp"];
const REPEATED: Refusal = { code: 1001, msg: "repeated request", by: "token service" };

function grant(token: Token, shape: AnswerShape, now: number): Answer {
  const envelope = {
    [shape.tokenStatus]: 0,
    msg: "SUCCESS",
    business: "apim-token-service",
    data: { accessToken: token.value, expire: Math.floor((token.expiresAt - now) / 1_000) },
  };
  return { httpStatus: 200, body: JSON.stringify(envelope), code: 0 };
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
