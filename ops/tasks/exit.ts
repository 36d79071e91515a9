import type { DownloadStatus } from "../../lib/tasks/status.ts";
import { ApiError } from "./api.ts";

/** The exit statuses. Of several tasks the highest counts. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  expired: 4,
  goesOn: 5,
  refused: 6,
  trouble: 7,
} as const;

/** What a task's state is to a script. */
export function exitOf({ state, terminal }: DownloadStatus): number {
  if (!terminal) return EXIT.goesOn;
  if (state === "failed" || state === "cancelled" || state === "expired") return EXIT[state];
  return EXIT.done;
}

/** What an error is to a script. */
export function exitOfError(error: unknown): number {
  return error instanceof ApiError && !error.isPassing ? EXIT.refused : EXIT.trouble;
}
