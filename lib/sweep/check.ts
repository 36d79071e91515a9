import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";

/**
 * What a check is to find out about its organisation: as a `probe`, whether it or its gateway, which is stuck, answers
 * again; as an `opinion`, whether its gateway, which counts as stuck, answers this organisation; as a `witness`, a task
 * that is drawn from all of its organisation's, due or not, whether that one is stuck.
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
