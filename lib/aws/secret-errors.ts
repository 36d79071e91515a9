import { InvalidRequestException, ResourceNotFoundException } from "@aws-sdk/client-secrets-manager";

/** Whether Secrets Manager says that the secret does not exist, or is marked for deletion. */
export function isNoSecret(error: unknown): boolean {
  return error instanceof ResourceNotFoundException || error instanceof InvalidRequestException;
}
