/**
 * How long an AWS client waits, in milliseconds; for its `requestHandler`.
 *
 * @param requestTimeout for the whole answer. By default the SDK only warns when it is over, and waits on: a call
 *   that hangs would keep everybody waiting who shares its outcome.
 */
export function timeLimits(requestTimeout: number) {
  return { connectionTimeout: 1_000, requestTimeout, throwOnRequestTimeout: true };
}
