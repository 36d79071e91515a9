import { hash } from "node:crypto";
import { SafeError } from "../safe-error.ts";

/** What an EnOS application signs with, for one organisation. */
export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Origin of the organisation's API gateway, e.g. `https://apim-ppe1.envisioniot.com`. */
  readonly baseUrl: string;
  /** Calls per second that its gateway is to get at most, from 0.01; undefined where the setting for all holds. */
  readonly requestsPerSecond: number | undefined;
}

/** Where the client gets an organisation's credentials from. */
export interface CredentialSource {
  /**
   * @throws {UnknownOrganisationError} when the organisation has none
   * @throws {SecretError} when they cannot be had
   */
  get(orgId: string): Promise<Credentials>;
  /**
   * The credentials read afresh, since EnOS refused `refused`: they may have been rotated.
   *
   * @throws as {@link get} does
   */
  refresh(orgId: string, refused: Credentials): Promise<Credentials>;
}

/** A sweep asks before each check, about the same few objects. */
const fingerprints = new WeakMap<Credentials, string>();

/**
 * Tells one set of credentials from another and gives nothing of them away: 12 hex digits, equal for two sets
 * with the same keys and gateway.
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

/** There is no secret for the organisation, or it is marked for deletion: this service does not serve it. */
export class UnknownOrganisationError extends SafeError {
  override readonly name = "UnknownOrganisationError";
  readonly orgId: string;

  constructor(orgId: string) {
    super(`there is no secret for organisation ${orgId}`);
    this.orgId = orgId;
  }
}

/** The organisation's secret cannot be read, or is not what it should be. Never says what it holds. */
export class SecretError extends SafeError {
  override readonly name = "SecretError";
}
