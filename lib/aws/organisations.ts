import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { UnknownOrganisationError } from "../enos/credentials.ts";
import { InFlight } from "../time/in-flight.ts";
import { ageOf, type Moment, moment } from "../time/moment.ts";
import { limitsOf } from "./limits.ts";
import { isNoSecret } from "./secret-errors.ts";

/** How long a finding is remembered, in milliseconds: the organisation has a secret, has none, or it is unclear. */
const REMEMBERED_MS = {
  served: 5 * 60_000,
  // Short, for somebody who has just created the secret.
  unknown: 10_000,
  unclear: 10_000,
};
/** How many organisations are remembered, since callers may name any. */
const MOST_REMEMBERED = 10_000;

type Finding = keyof typeof REMEMBERED_MS;

/** Options of an organisation directory. */
export interface DirectoryOptions {
  /** The secret of organisation `o1` is named prefix + `o1`. */
  prefix: string;
  client?: SecretsManagerClient;
  /** Called when Secrets Manager does not answer, or refuses. */
  onUnclear?: (error: unknown) => void;
}

/** Knows which organisations have a secret, without reading any. */
export class OrganisationDirectory {
  readonly #client: SecretsManagerClient;
  readonly #prefix: string;
  readonly #onUnclear: (error: unknown) => void;
  readonly #findings = new Map<string, { finding: Finding; found: Moment }>();
  readonly #asking = new InFlight<Finding>();

  constructor({ prefix, client, onUnclear = () => {} }: DirectoryOptions) {
    this.#prefix = prefix;
    this.#client = client ?? new SecretsManagerClient(limitsOf("organisations"));
    this.#onUnclear = onUnclear;
  }

  /**
   * Makes sure that the organisation is served here. While Secrets Manager is unavailable, any organisation counts as
   * served.
   *
   * @throws {UnknownOrganisationError} when its secret is missing, empty or marked for deletion
   */
  async check(orgId: string): Promise<void> {
    const known = this.#findings.get(orgId);
    const isCurrent = known && ageOf(known.found) < REMEMBERED_MS[known.finding];
    const finding = isCurrent ? known.finding : await this.#asking.share(orgId, () => this.#find(orgId));
    if (finding === "unknown") throw new UnknownOrganisationError(orgId);
  }

  async #find(orgId: string): Promise<Finding> {
    const finding = await this.#describe(orgId);
    // Inserted again, so that the oldest finding stays the first.
    this.#findings.delete(orgId);
    this.#findings.set(orgId, { finding, found: moment() });
    const [oldest] = this.#findings.keys();
    if (oldest !== undefined && this.#findings.size > MOST_REMEMBERED) this.#findings.delete(oldest);
    return finding;
  }

  async #describe(orgId: string): Promise<Finding> {
    try {
      const { DeletedDate, VersionIdsToStages = {} } = await this.#client.send(
        new DescribeSecretCommand({ SecretId: this.#prefix + orgId }),
      );
      const hasValue = Object.values(VersionIdsToStages).some((stages) => stages.includes("AWSCURRENT"));
      return DeletedDate === undefined && hasValue ? "served" : "unknown";
    } catch (error) {
      if (isNoSecret(error)) return "unknown";
      this.#onUnclear(error);
      return "unclear";
    }
  }
}
