import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets";
import {
  InvalidRequestException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import * as z from "zod/mini";
import {
  type CredentialSource,
  type Credentials,
  SecretError,
  UnknownOrganisationError,
} from "../enos/credentials.ts";
import { gatewayUrl } from "../settings.ts";
import { timeLimits } from "./limits.ts";

/** How long a secret is used before it is read again, in seconds. A refused one is read again at once. */
const SECRET_MAX_AGE_SECONDS = 300;

const Secret = z.object({
  accessKey: z.string({ error: "accessKey" }).check(z.minLength(1, "accessKey")),
  secretKey: z.string({ error: "secretKey" }).check(z.minLength(1, "secretKey")),
  baseUrl: z.optional(gatewayUrl),
  requestsPerSecond: z.optional(z.number().check(z.positive())),
});

/** Reads organisations' credentials from Secrets Manager and keeps them for five minutes. */
export class SecretsManagerCredentials implements CredentialSource {
  readonly #provider: SecretsProvider;
  readonly #prefix: string;
  readonly #defaultBaseUrl: string;
  readonly #parsed = new Map<string, { text: string; credentials: Credentials }>();
  readonly #reading = new Map<string, Promise<Credentials>>();

  constructor(options: { prefix: string; defaultBaseUrl: string; client?: SecretsManagerClient }) {
    this.#prefix = options.prefix;
    this.#defaultBaseUrl = options.defaultBaseUrl;
    const awsSdkV3Client =
      options.client ?? new SecretsManagerClient({ maxAttempts: 3, requestHandler: timeLimits(2_000) });
    this.#provider = new SecretsProvider({ awsSdkV3Client });
  }

  /**
   * @throws {UnknownOrganisationError} when the organisation has no secret
   * @throws {SecretError} when its secret cannot be read or is not of the documented shape
   */
  get(orgId: string): Promise<Credentials> {
    return this.#read(orgId, false);
  }

  refresh(orgId: string, refused: Credentials): Promise<Credentials> {
    const known = this.#parsed.get(orgId)?.credentials;
    // Somebody else read it since the refused call began.
    if (known && known !== refused) return Promise.resolve(known);
    return this.#read(orgId, true);
  }

  /** One read under way per organisation, however many calls ask: a sweep starts many at once. */
  #read(orgId: string, forceFetch: boolean): Promise<Credentials> {
    const key = forceFetch ? `${orgId} afresh` : orgId;
    let reading = this.#reading.get(key);
    if (!reading) {
      reading = this.#fetch(orgId, forceFetch).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  async #fetch(orgId: string, forceFetch: boolean): Promise<Credentials> {
    const known = this.#parsed.get(orgId);
    let text: string | Uint8Array | undefined;
    try {
      text = await this.#provider.get(this.#prefix + orgId, { maxAge: SECRET_MAX_AGE_SECONDS, forceFetch });
    } catch (error) {
      const cause = sdkError(error);
      // Credentials that worked a moment ago are better than none while Secrets Manager is out.
      if (known && !forceFetch && isOutage(cause)) return known.credentials;
      // The second is what a secret that is marked for deletion answers.
      if (cause instanceof ResourceNotFoundException || cause instanceof InvalidRequestException) {
        throw new UnknownOrganisationError(orgId);
      }
      throw new SecretError(`the secret of organisation ${orgId} cannot be read (${cause.name})`);
    }
    if (typeof text !== "string") throw new SecretError(`the secret of organisation ${orgId} is not text`);
    if (known?.text === text) return known.credentials;
    const credentials = this.#parse(orgId, text);
    this.#parsed.set(orgId, { text, credentials });
    return credentials;
  }

  #parse(orgId: string, text: string): Credentials {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // The parser's message quotes what it read.
      throw new SecretError(`the secret of organisation ${orgId} is not JSON`);
    }
    const { data, error } = Secret.safeParse(json);
    if (!data) {
      const wrong = error.issues.map((issue) => issue.path.join(".") || "the whole").join(", ");
      throw new SecretError(`the secret of organisation ${orgId} has a wrong or missing: ${wrong}`);
    }
    return {
      accessKey: data.accessKey,
      secretKey: data.secretKey,
      baseUrl: data.baseUrl ?? this.#defaultBaseUrl,
      requestsPerSecond: data.requestsPerSecond,
    };
  }
}

interface SdkError {
  name: string;
  $fault?: "client" | "server";
  $retryable?: object;
}

/** The SDK's error inside the one of Powertools. Its name is all that is safe and useful of it. */
function sdkError(error: unknown): SdkError {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner : { name: "unknown" };
}

/** True when the service did not answer or was overwhelmed, rather than refused. */
function isOutage(error: SdkError): boolean {
  return error.$fault !== "client" || error.$retryable !== undefined;
}
