import { setTimeout as delay } from "node:timers/promises";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import { type Api, ApiError } from "./api.ts";

/** The longest that the service waits in one request, in seconds. */
const WAIT_SECONDS = 25;
/** How many transient failures in a row count as an error. */
const MOST_FAILURES = 10;
/** The pause after the first of them, in seconds; doubled for each further one. */
const PAUSE_SECONDS = 1;
const MAX_PAUSE_SECONDS = 30;

/**
 * Waits until a task has ended.
 *
 * @param until ends the waiting
 * @returns its last known state; undefined if it is not known when the wait is aborted
 * @throws {ApiError} for a request that was refused, or that failed repeatedly
 */
export async function waitFor(
  api: Api,
  task: TaskKey,
  until: AbortSignal,
): Promise<DownloadStatus | undefined> {
  let known: DownloadStatus | undefined;
  for (let failures = 0; !until.aborted; ) {
    let pause: number;
    try {
      const { data, retryAfter } = await api.ask(task, WAIT_SECONDS, until);
      if (data.terminal) return data;
      known = data;
      failures = 0;
      pause = retryAfter ?? 0;
    } catch (error) {
      if (until.aborted) break;
      if (!(error instanceof ApiError) || !error.isTransient || ++failures > MOST_FAILURES) throw error;
      pause = error.retryAfter ?? Math.min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** (failures - 1));
    }
    await delay(pause * 1000, undefined, { signal: until }).catch(() => {});
  }
  return known;
}
