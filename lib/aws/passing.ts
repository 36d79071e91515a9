import { isServerError, isThrottlingError, isTransientError } from "@smithy/core/retry";

/** Whether a call to AWS failed in passing: throttled, broken on the way, or at a fault of the service's own. */
export function isPassing(error: unknown): boolean {
  const known = error as Parameters<typeof isTransientError>[0];
  return (
    error instanceof Error && (isThrottlingError(known) || isTransientError(known) || isServerError(known))
  );
}
