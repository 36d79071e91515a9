import type { TaskKey } from "../../lib/tasks/key.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";

/** The status of a task that runs until it succeeds. */
export function statusOf(task: TaskKey, terminal: boolean): DownloadStatus {
  return {
    ...task,
    terminal,
    state: terminal ? "succeeded" : "running",
    progressCode: terminal ? 3 : 1,
    progressDesc: null,
    downloadUrl: null,
    dataSize: null,
  };
}
