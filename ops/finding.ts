/** What was found out about one thing. */
export interface Finding {
  /** What was looked at, in a word. */
  check: string;
  /** True when all is well, false when somebody has to do something, null when there is nothing to say of it. */
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

/** How wide the longest name of a check is. */
const WIDTH = 13;

/** A finding on one line, for people. */
export function lineOf({ check, ok, says, todo }: Finding): string {
  return `${MARKS.get(ok)} ${check.padEnd(WIDTH)} ${says}${todo ? `; ${todo}` : ""}`;
}

/** A time that has passed, for people. */
export function passed(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
