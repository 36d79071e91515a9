import { isServerError, isThrottlingError, isTransientError } from "@smithy/core/retry";

/** Whether an error of AWS is transient: throttling, a broken connection, or a failure of the service. */
export function isTransient(error: unknown): boolean {
  const known = error as Parameters<typeof isTransientError>[0];
  return (
    error instanceof Error && (isThrottlingError(known) || isTransientError(known) || isServerError(known))
  );
}
