/** The result of one check. */
export interface Finding {
  /** What was checked, in a word. */
  check: string;
  /** True if it is fine, false if something has to be done, null if neither applies. */
  ok: boolean | null;
  /** What was found. */
  says: string;
  /** What to do about it. */
  todo?: string | undefined;
}

const MARKS = new Map([
  [true, "✓"],
  [false, "✗"],
  [null, "–"],
]);

/** The width of the longest name of a check. */
const WIDTH = 13;

/** A finding on one line, for people. */
export function lineOf({ check, ok, says, todo }: Finding): string {
  return `${MARKS.get(ok)} ${check.padEnd(WIDTH)} ${says}${todo ? `; ${todo}` : ""}`;
}

/** A duration in words. */
export function passed(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
