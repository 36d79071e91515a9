import type { TaskKey } from "./key.ts";
import type { EnosState } from "./state.ts";

/** An answer of Get Download Status, in one shape for all editions of the API. Null is what EnOS left out. */
export interface DownloadStatus extends TaskKey {
  downloadUrl: string | null;
  progressCode: number;
  progressDesc: string | null;
  /** Bytes. */
  dataSize: number | null;
  state: EnosState;
  terminal: boolean;
}
