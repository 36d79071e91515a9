/** An error of this service. Its message never contains a secret, so that it may be logged. */
export abstract class SafeError extends Error {}

/** The name of an error that is not ours: all of it that is safe to log. */
export function errorName(error: unknown): string {
  return error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : "unknown";
}
