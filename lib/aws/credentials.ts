import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod/mini";
import {
  type CredentialSource,
  type Credentials,
  SecretError,
  UnknownOrganisationError,
} from "../enos/credentials.ts";
import { type GatewayRule, gatewayProblem, gatewayUrl } from "../enos/gateway.ts";
import { errorName } from "../safe-error.ts";
import { InFlight } from "../time/in-flight.ts";
import { ageOf, type Moment, moment } from "../time/moment.ts";
import { limitsOf } from "./limits.ts";
import { isNoSecret } from "./secret-errors.ts";
import { isTransient } from "./transient.ts";

/** How long a secret is used before it is read again, in milliseconds. A refused one is read again at once. */
const MAX_AGE_MS = 5 * 60_000;
/** How long it is used beyond that before the next attempt, while Secrets Manager is unavailable. */
const OUTAGE_MS = 30_000;

const Secret = z.object({
  accessKey: z.string({ error: "accessKey" }).check(z.minLength(1, "accessKey")),
  secretKey: z.string({ error: "secretKey" }).check(z.minLength(1, "secretKey")),
  baseUrl: z.optional(gatewayUrl),
  requestsPerSecond: z.optional(z.number().check(z.minimum(0.01), z.maximum(1_000_000))),
});

/** A secret's content, and for how long it is used. */
interface Known {
  text: string;
  credentials: Credentials;
  read: Moment;
  goodForMs: number;
}

/** What the credentials are read with. */
export interface CredentialOptions {
  /** The name of an organisation's secret is this and its id. */
  prefix: string;
  /** The gateway of organisations whose secret names none. */
  defaultBaseUrl: string;
  /** Which gateways a secret may name. */
  gateways: GatewayRule;
  client?: SecretsManagerClient;
}

/** Reads organisations' credentials from Secrets Manager and keeps them for five minutes. */
export class SecretsManagerCredentials implements CredentialSource {
  readonly #client: SecretsManagerClient;
  readonly #prefix: string;
  readonly #defaultBaseUrl: string;
  readonly #gateways: GatewayRule;
  readonly #known = new Map<string, Known>();
  readonly #reading = new InFlight<Credentials>();

  constructor(options: CredentialOptions) {
    this.#prefix = options.prefix;
    this.#defaultBaseUrl = options.defaultBaseUrl;
    this.#gateways = options.gateways;
    this.#client = options.client ?? new SecretsManagerClient(limitsOf("credentials"));
  }

  async get(orgId: string): Promise<Credentials> {
    const known = this.#known.get(orgId);
    if (known && ageOf(known.read) < known.goodForMs) return known.credentials;
    return this.#reading.share(orgId, () => this.#read(orgId, known));
  }

  async refresh(orgId: string, refused: Credentials): Promise<Credentials> {
    const known = this.#known.get(orgId);
    // Another call has read it since the refused one began.
    if (known && known.credentials !== refused) return known.credentials;
    // Not shared with a read that may have begun before the credentials were refused.
    return this.#reading.share(`${orgId} afresh`, () => this.#read(orgId));
  }

  /** @param otherwise what to use while Secrets Manager is unavailable, since it worked a moment ago */
  async #read(orgId: string, otherwise?: Known): Promise<Credentials> {
    let known: Known;
    try {
      const text = await this.#textOf(orgId);
      const same = this.#known.get(orgId);
      // The same object for the same secret, so that comparing is cheap.
      const credentials = same?.text === text ? same.credentials : this.#parse(orgId, text);
      known = { text, credentials, read: moment(), goodForMs: MAX_AGE_MS };
    } catch (error) {
      if (error instanceof SecretError) throw error;
      if (isNoSecret(error)) throw new UnknownOrganisationError(orgId);
      if (!otherwise || !isTransient(error)) {
        throw new SecretError(`the secret of organisation ${orgId} cannot be read (${errorName(error)})`);
      }
      known = { ...otherwise, read: moment(), goodForMs: OUTAGE_MS };
    }
    this.#known.set(orgId, known);
    return known.credentials;
  }

  async #textOf(orgId: string): Promise<string> {
    const { SecretString, SecretBinary } = await this.#client.send(
      new GetSecretValueCommand({ SecretId: this.#prefix + orgId }),
    );
    try {
      // A secret from a file may be stored as bytes, and may begin with a byte-order mark, which this removes.
      const bytes = SecretBinary ?? Buffer.from(SecretString ?? "");
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new SecretError(`the secret of organisation ${orgId} is not text`);
    }
  }

  #parse(orgId: string, text: string): Credentials {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // Without the parser's message, which quotes its input.
      throw new SecretError(`the secret of organisation ${orgId} is not JSON`);
    }
    const { data, error } = Secret.safeParse(json);
    if (!data) {
      const fields = error.issues.map(({ path }) => path.join("."));
      const problem = fields.includes("") ? "is not a JSON object" : `has no valid ${fields.join(", ")}`;
      throw new SecretError(`the secret of organisation ${orgId} ${problem}`);
    }
    const problem = data.baseUrl && gatewayProblem(data.baseUrl, this.#gateways);
    if (problem) throw new SecretError(`the baseUrl in the secret of organisation ${orgId} ${problem}`);
    return {
      accessKey: data.accessKey,
      secretKey: data.secretKey,
      baseUrl: data.baseUrl ?? this.#defaultBaseUrl,
      requestsPerSecond: data.requestsPerSecond,
    };
  }
}
