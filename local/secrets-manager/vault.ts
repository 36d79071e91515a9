import { randomBytes, randomUUID } from "node:crypto";
import { ServiceError } from "./service-error.ts";

interface Version {
  readonly versionId: string;
  readonly secretString: string | undefined;
  /** Base64, as on the wire. */
  readonly secretBinary: string | undefined;
  readonly stages: Set<string>;
  /** Unix seconds. */
  readonly createdDate: number;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly versions: Map<string, Version>;
  /** When it was marked for deletion, in Unix seconds. */
  deletedDate: number | undefined;
}

/** The fields of a request that this simulator reads, as AWS names them. */
export interface SecretRequest {
  readonly Name?: string | undefined;
  readonly SecretId?: string | undefined;
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: string | undefined;
  readonly ClientRequestToken?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly VersionStage?: string | undefined;
  readonly VersionStages?: readonly string[] | undefined;
  readonly ForceDeleteWithoutRecovery?: boolean | undefined;
  readonly Filters?: readonly { readonly Key: string; readonly Values: readonly string[] }[] | undefined;
}

const CURRENT = "AWSCURRENT";
const PREVIOUS = "AWSPREVIOUS";

/**
 * The secrets, and what Secrets Manager does with them (AWS Secrets Manager API reference, 2017-10-17). Each method
 * takes an action's request and returns its answer.
 */
export class Vault {
  readonly #secrets = new Map<string, Secret>();
  readonly #region: string;

  constructor(region: string) {
    this.#region = region;
  }

  create(request: SecretRequest): object {
    const name = request.Name ?? "";
    if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
      throw new ServiceError(
        "ValidationException",
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
      );
    }
    const existing = this.#secrets.get(name);
    if (existing?.deletedDate !== undefined) {
      throw new ServiceError(
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing !== undefined) {
      // A repeated request gets the same answer.
      const version = request.ClientRequestToken && existing.versions.get(request.ClientRequestToken);
      if (version && holds(version, request)) return answer(existing, version.versionId);
      throw new ServiceError(
        "ResourceExistsException",
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const secret: Secret = {
      name,
      arn: `arn:aws:secretsmanager:${this.#region}:000000000000:secret:${name}-${arnSuffix()}`,
      versions: new Map(),
      deletedDate: undefined,
    };
    this.#secrets.set(name, secret);
    if (request.SecretString === undefined && request.SecretBinary === undefined) {
      return { ARN: secret.arn, Name: name };
    }
    return answer(secret, this.#addVersion(secret, request, [CURRENT]));
  }

  /** Includes secrets that are marked for deletion. */
  describe(request: SecretRequest): object {
    const { name, arn, versions, deletedDate } = this.#find(request.SecretId);
    const staged = [...versions.values()].map(({ versionId, stages }) => [versionId, [...stages]]);
    return {
      ARN: arn,
      Name: name,
      DeletedDate: deletedDate,
      VersionIdsToStages: staged.length > 0 ? Object.fromEntries(staged) : undefined,
    };
  }

  /** All on one page, without those that are marked for deletion; the only filter is by name prefix. */
  list({ Filters = [] }: SecretRequest): object {
    const fits = ({ name, deletedDate }: Secret) =>
      deletedDate === undefined &&
      Filters.every(({ Key, Values }) => Key === "name" && Values.some((prefix) => name.startsWith(prefix)));
    return {
      SecretList: [...this.#secrets.values()].filter(fits).map(({ name, arn }) => ({ Name: name, ARN: arn })),
    };
  }

  get(request: SecretRequest): object {
    const secret = this.#live(request.SecretId);
    const version = findVersion(secret, request);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.versionId,
      SecretString: version.secretString,
      SecretBinary: version.secretBinary,
      VersionStages: [...version.stages],
      CreatedDate: version.createdDate,
    };
  }

  put(request: SecretRequest): object {
    const secret = this.#live(request.SecretId);
    if (request.SecretString === undefined && request.SecretBinary === undefined) {
      throw new ServiceError(
        "InvalidRequestException",
        "You must provide either SecretString or SecretBinary.",
      );
    }
    const versionId = this.#addVersion(secret, request, request.VersionStages ?? [CURRENT]);
    return {
      ...answer(secret, versionId),
      VersionStages: [...(secret.versions.get(versionId)?.stages ?? [])],
    };
  }

  update(request: SecretRequest): object {
    const secret = this.#live(request.SecretId);
    if (request.SecretString === undefined && request.SecretBinary === undefined) {
      return { ARN: secret.arn, Name: secret.name };
    }
    return answer(secret, this.#addVersion(secret, request, [CURRENT]));
  }

  delete(request: SecretRequest): object {
    const secret = this.#find(request.SecretId);
    if (request.ForceDeleteWithoutRecovery) this.#secrets.delete(secret.name);
    else secret.deletedDate = Date.now() / 1_000;
    return { ARN: secret.arn, Name: secret.name, DeletionDate: Date.now() / 1_000 };
  }

  /** Adds a version, or finds the one that the same request made before; moves the stages to it. */
  #addVersion(secret: Secret, request: SecretRequest, stages: readonly string[]): string {
    if (request.SecretString !== undefined && request.SecretBinary !== undefined) {
      throw new ServiceError(
        "InvalidParameterException",
        "You can't specify both SecretString and SecretBinary.",
      );
    }
    const versionId = request.ClientRequestToken ?? randomUUID();
    const existing = secret.versions.get(versionId);
    if (existing !== undefined) {
      if (holds(existing, request)) return versionId;
      throw new ServiceError(
        "ResourceExistsException",
        "You can't use ClientRequestToken because that value is already in use for a version of the secret.",
      );
    }
    // The first version of a secret is the current one, whatever stages were requested.
    const wanted = secret.versions.size === 0 ? new Set([...stages, CURRENT]) : new Set(stages);
    const currentBefore = [...secret.versions.values()].find((version) => version.stages.has(CURRENT));
    for (const version of secret.versions.values()) {
      for (const stage of wanted) version.stages.delete(stage);
      if (wanted.has(CURRENT)) version.stages.delete(PREVIOUS);
    }
    if (wanted.has(CURRENT)) currentBefore?.stages.add(PREVIOUS);
    // A version without a stage is deprecated, and Secrets Manager may drop it.
    for (const version of secret.versions.values()) {
      if (version.stages.size === 0) secret.versions.delete(version.versionId);
    }
    secret.versions.set(versionId, {
      versionId,
      secretString: request.SecretString,
      secretBinary: request.SecretBinary,
      stages: wanted,
      createdDate: Date.now() / 1_000,
    });
    return versionId;
  }

  #live(secretId: string | undefined): Secret {
    const secret = this.#find(secretId);
    if (secret.deletedDate === undefined) return secret;
    throw new ServiceError(
      "InvalidRequestException",
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }

  /** Finds a secret by name, by ARN, or by ARN without its last six characters. */
  #find(secretId: string | undefined): Secret {
    if (secretId === undefined || secretId === "") {
      throw new ServiceError("InvalidParameterException", "You must provide SecretId.");
    }
    const byName = this.#secrets.get(secretId);
    if (byName !== undefined) return byName;
    for (const secret of this.#secrets.values()) {
      if (secret.arn === secretId || secret.arn.slice(0, -7) === secretId) return secret;
    }
    throw new ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
  }
}

function findVersion(secret: Secret, request: SecretRequest): Version {
  const stage = request.VersionStage ?? (request.VersionId === undefined ? CURRENT : undefined);
  const missing = (what: string) =>
    new ServiceError(
      "ResourceNotFoundException",
      `Secrets Manager can't find the specified secret value for ${what}`,
    );
  if (request.VersionId !== undefined) {
    const version = secret.versions.get(request.VersionId);
    if (version === undefined) throw missing(`VersionId: ${request.VersionId}`);
    if (stage === undefined || version.stages.has(stage)) return version;
    throw new ServiceError(
      "InvalidRequestException",
      "You provided a VersionStage that is not associated to the provided VersionId.",
    );
  }
  for (const version of secret.versions.values()) {
    if (stage !== undefined && version.stages.has(stage)) return version;
  }
  throw missing(`staging label: ${stage}`);
}

function holds(version: Version, request: SecretRequest): boolean {
  return version.secretString === request.SecretString && version.secretBinary === request.SecretBinary;
}

function answer(secret: Secret, versionId: string): object {
  return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
}

/** Six letters and digits, which Secrets Manager adds so that a recreated secret has another ARN. */
function arnSuffix(): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(randomBytes(6), (byte) => alphabet[byte % alphabet.length]).join("");
}
