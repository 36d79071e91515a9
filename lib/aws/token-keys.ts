import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { ReadKeys } from "../callbacks/keyring.ts";
import type { TokenKey } from "../callbacks/token.ts";
import { SafeError } from "../safe-error.ts";
import { AwsConnections } from "./connections.ts";

/** A key that could be guessed is none. */
const LEAST_LENGTH = 32;

/** The key of the callbacks could not be read, or is not what it should be. Never says what it holds. */
export class TokenKeyError extends SafeError {
  override readonly name = "TokenKeyError";
}

/** Where the key is, and for how long the one before it counts. */
export interface TokenKeysOptions {
  secretId: string;
  /** In milliseconds from when it was replaced. */
  previousMs: number;
  client?: SecretsManagerClient;
}

/**
 * Reads the key's current version from Secrets Manager, and the one before it: URLs that were made with that one are
 * with EnOS for as long as their tasks run.
 *
 * @throws {TokenKeyError} when the current one cannot be read, or one is too short
 */
export function tokenKeys({ secretId, previousMs, client = connect() }: TokenKeysOptions): ReadKeys {
  const read = async (stage: "AWSCURRENT" | "AWSPREVIOUS", signal?: AbortSignal) => {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
    try {
      return await client.send(command, signal && { abortSignal: signal });
    } catch (error) {
      const { name } = error as Error;
      // A key that was never replaced has none before it.
      if (stage === "AWSPREVIOUS" && name === "ResourceNotFoundException") return undefined;
      throw new TokenKeyError(`the key of the callbacks cannot be read (${name})`);
    }
  };
  return async (signal) => {
    const [current, previous] = await Promise.all([read("AWSCURRENT", signal), read("AWSPREVIOUS", signal)]);
    const replacedAt = current?.CreatedDate?.getTime() ?? 0;
    const keys: [TokenKey, ...TokenKey[]] = [
      { secret: secretOf(current?.SecretString), until: Number.POSITIVE_INFINITY },
    ];
    if (previous) keys.push({ secret: secretOf(previous.SecretString), until: replacedAt + previousMs });
    return keys;
  };
}

function secretOf(text: string | undefined): string {
  if (text === undefined || text.length < LEAST_LENGTH) {
    throw new TokenKeyError(`the key of the callbacks has fewer than ${LEAST_LENGTH} characters`);
  }
  return text;
}

function connect(): SecretsManagerClient {
  return new SecretsManagerClient({
    maxAttempts: 3,
    requestHandler: new AwsConnections({ answerMs: 2_000 }),
  });
}
