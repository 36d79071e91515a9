/** An error of ours. Its message says nothing secret, whatever went wrong, so that it may be logged. */
export abstract class SafeError extends Error {}
