import type { DownloadStatus } from "../tasks/status.ts";
import { EnosError } from "./errors.ts";

/** The time from one check of a wait to the next, in milliseconds. */
export const WAIT_INTERVAL_MS = 2_000;

/** How long a wait may take, in milliseconds. */
export interface WaitTimes {
  /** How long to wait for the task's end. The last check begins then. */
  waitMs: number;
  /** When to cut off the last check, counted from the beginning of the wait. */
  limitMs: number;
}

/**
 * Checks a task until it has ended or the time is up.
 *
 * A check without an answer, or with a broken one, does not end the wait. A traffic limit does, and so do refused keys and
 * a task that EnOS does not know: asking again would not help.
 *
 * @param check makes one check; the signal ends it
 * @returns the final status, or the latest one if the task has not ended
 * @throws {EnosError} what ended the wait, or why no check succeeded
 */
export async function waitForEnd(
  check: (signal: AbortSignal) => Promise<DownloadStatus>,
  { waitMs, limitMs }: WaitTimes,
): Promise<DownloadStatus> {
  const cutOff = new AbortController();
  const timer = setTimeout(() => cutOff.abort(), limitMs);
  const endsAt = performance.now() + waitMs;
  let latest: DownloadStatus | undefined;
  try {
    for (;;) {
      const begun = performance.now();
      try {
        latest = await check(cutOff.signal);
        if (latest.terminal || performance.now() >= endsAt) return latest;
      } catch (error) {
        if (endsTheWait(error)) throw error;
        if (cutOff.signal.aborted || begun >= endsAt) {
          if (latest) return latest;
          throw error;
        }
      }
      const next = Math.min(begun + WAIT_INTERVAL_MS, endsAt);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
    }
  } finally {
    clearTimeout(timer);
  }
}

function endsTheWait(error: unknown): boolean {
  if (!(error instanceof EnosError)) return true;
  return !["timeout", "unreachable", "upstream", "malformed"].includes(error.kind);
}
