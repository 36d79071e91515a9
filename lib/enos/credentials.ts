import { hash } from "node:crypto";
import { SafeError } from "../safe-error.ts";

/** What calls for one organisation are signed with. */
export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Origin of the organisation's API gateway, e.g. `https://apim-ppe1.envisioniot.com`. */
  readonly baseUrl: string;
  /** The most calls per second to its gateway, at least 0.01; undefined if the general setting applies. */
  readonly requestsPerSecond: number | undefined;
}

/** Where the client gets an organisation's credentials from. */
export interface CredentialSource {
  /**
   * @throws {UnknownOrganisationError} when the organisation has none
   * @throws {SecretError} when they cannot be read
   */
  get(orgId: string): Promise<Credentials>;
  /**
   * The credentials, read again because EnOS refused `refused`: they may have been rotated.
   *
   * @throws as {@link get} does
   */
  refresh(orgId: string, refused: Credentials): Promise<Credentials>;
}

/** Cached, since a sweep needs them before each check, for the same few objects. */
const fingerprints = new WeakMap<Credentials, string>();

/**
 * Identifies a set of credentials without revealing it: 12 hex digits, equal for two sets with the same keys and
 * gateway.
 */
export function fingerprint(credentials: Credentials): string {
  let digits = fingerprints.get(credentials);
  if (digits === undefined) {
    const { accessKey, secretKey, baseUrl } = credentials;
    digits = hash("sha256", JSON.stringify([accessKey, secretKey, baseUrl]), "hex").slice(0, 12);
    fingerprints.set(credentials, digits);
  }
  return digits;
}

/** Whether two sets of credentials have the same keys and gateway. */
export function isSameApplication(a: Credentials, b: Credentials): boolean {
  return a === b || (a.accessKey === b.accessKey && a.secretKey === b.secretKey && a.baseUrl === b.baseUrl);
}

/** The organisation's secret does not exist or is marked for deletion: this service does not serve it. */
export class UnknownOrganisationError extends SafeError {
  override readonly name = "UnknownOrganisationError";
  readonly orgId: string;

  constructor(orgId: string) {
    super(`there is no secret for organisation ${orgId}`);
    this.orgId = orgId;
  }
}

/** The organisation's secret cannot be read, or is not valid. The message never contains the secret. */
export class SecretError extends SafeError {
  override readonly name = "SecretError";
}
