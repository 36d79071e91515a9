import type { TaskKey } from "./key.ts";
import type { EnosState } from "./state.ts";

/** One answer of Get Download Status, in one shape whatever the edition of the API. Null is what EnOS did not give. */
export interface DownloadStatus extends TaskKey {
  downloadUrl: string | null;
  progressCode: number;
  progressDesc: string | null;
  /** Bytes. */
  dataSize: number | null;
  state: EnosState;
  terminal: boolean;
}
