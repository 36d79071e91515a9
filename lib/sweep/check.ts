import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";

/**
 * What else a call finds out, beside the task's state:
 * - `probe`: whether a stuck organisation or gateway answers again
 * - `opinion`: whether a stuck gateway answers this organisation, which may be stuck itself
 * - `witness`: whether the organisation is stuck; the task is drawn from all that it has, due or not
 */
type CheckPurpose = "probe" | "opinion" | "witness";

/** One task to check, and the functions that are told the result. */
export interface Check {
  orgId: string;
  /** The shard in which a sweep read the task; undefined if it was found otherwise. */
  source?: number;
  task: OpenTask;
  /** How far the task has been checked before. */
  checked: Checked;
  /** What else the call is for; undefined if it only asks about the task. */
  purpose?: CheckPurpose;
  /** For an untracked task that EnOS turns out to know: tracks it. Resolves with undefined if that is not possible. */
  adopt?: () => Promise<OpenTask | undefined>;
  /** Called once, at the end: whether the task was checked, and everything that follows was published and written. */
  onEnd: (isChecked: boolean) => void;
  /** Called instead if EnOS was not asked or had no time to answer. By default, `onEnd` is called with false. */
  onUnasked?: () => void;
}

/** Reports that a check was not made. */
export function unasked({ onEnd, onUnasked = () => onEnd(false) }: Check): void {
  onUnasked();
}
