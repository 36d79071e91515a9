import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { ReadKeys } from "../callbacks/keyring.ts";
import type { CallbackKey } from "../callbacks/token.ts";
import { errorName, SafeError } from "../safe-error.ts";
import { limitsOf } from "./limits.ts";
import { isNoSecret } from "./secret-errors.ts";

/** A shorter key could be guessed. */
const LEAST_LENGTH = 32;

/** The callbacks' key could not be read, or is not valid. The message never contains the key. */
export class CallbackKeyError extends SafeError {
  override readonly name = "CallbackKeyError";
}

/** Where the key is, and how long its previous version is accepted. */
export interface CallbackKeysOptions {
  secretId: string;
  /** In milliseconds from when it was replaced. */
  previousMs: number;
  client?: SecretsManagerClient;
}

/**
 * Reads the key's current version from Secrets Manager, and the previous one: EnOS may still use URLs that were made
 * with it.
 *
 * @throws {CallbackKeyError} when the current one cannot be read, or one is too short
 */
export function callbackKeys({
  secretId,
  previousMs,
  client = new SecretsManagerClient(limitsOf("callbackKey")),
}: CallbackKeysOptions): ReadKeys {
  const read = async (stage: "AWSCURRENT" | "AWSPREVIOUS", signal?: AbortSignal) => {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
    try {
      return await client.send(command, signal && { abortSignal: signal });
    } catch (error) {
      // A key that was never replaced has no previous version.
      if (stage === "AWSPREVIOUS" && isNoSecret(error)) return undefined;
      throw new CallbackKeyError(`the callbacks' key cannot be read (${errorName(error)})`);
    }
  };
  return async (signal) => {
    const [current, previous] = await Promise.all([read("AWSCURRENT", signal), read("AWSPREVIOUS", signal)]);
    const replacedAt = current?.CreatedDate?.getTime() ?? 0;
    const keys: [CallbackKey, ...CallbackKey[]] = [
      { secret: secretOf(current?.SecretString), until: Number.POSITIVE_INFINITY },
    ];
    if (previous) keys.push({ secret: secretOf(previous.SecretString), until: replacedAt + previousMs });
    return keys;
  };
}

function secretOf(text: string | undefined): string {
  if (text === undefined || text.length < LEAST_LENGTH) {
    throw new CallbackKeyError(`the callbacks' key has fewer than ${LEAST_LENGTH} characters`);
  }
  return text;
}
