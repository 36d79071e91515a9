import { InvalidRequestException, ResourceNotFoundException } from "@aws-sdk/client-secrets-manager";

/** True when Secrets Manager says that there is no such secret; one that is marked for deletion is none. */
export function isNoSecret(error: unknown): boolean {
  return error instanceof ResourceNotFoundException || error instanceof InvalidRequestException;
}

/** The name of the SDK's error, which is all of it that is safe and useful. */
export function nameOf(error: unknown): string {
  return error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : "unknown";
}
