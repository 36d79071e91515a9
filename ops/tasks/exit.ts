import type { DownloadStatus } from "../../lib/tasks/status.ts";
import { ApiError } from "./api.ts";

/** The exit statuses; 2 is a wrong command line. For several tasks, the highest one is used. */
export const EXIT = {
  done: 0,
  failed: 1,
  cancelled: 3,
  expired: 4,
  goesOn: 5,
  refused: 6,
  trouble: 7,
} as const;

/** The exit status for a task's state. */
export function exitOf({ state, terminal }: DownloadStatus): number {
  if (!terminal) return EXIT.goesOn;
  if (state === "failed" || state === "cancelled" || state === "expired") return EXIT[state];
  return EXIT.done;
}

/** The exit status for an error. */
export function exitOfError(error: unknown): number {
  return error instanceof ApiError && !error.isTransient ? EXIT.refused : EXIT.trouble;
}
