import { markdownTable } from "markdown-table";
import { repeated } from "./statistics.ts";

/** One figure of the report: ratios of paired runs, compared with a target. */
export interface Row {
  what: string;
  against: string;
  /** One ratio for each pair of runs, which alternate on the same machine. */
  ratios: number[];
  target: number;
  /** Whether the target is a minimum or a maximum. */
  reach: "at least" | "at most";
}

/** Whether a row's median reaches its target. */
export function isMet({ ratios, target, reach }: Row): boolean {
  const { median } = repeated(ratios);
  return reach === "at least" ? median >= target : median <= target;
}

/** The rows as a table: median and range of the runs, and the target. */
export function rowsTable(rows: Row[]): string {
  return markdownTable([
    ["what", "against", "median", "least–most", "runs", "target", "met"],
    ...rows.map((row) => {
      const { median, least, most, runs } = repeated(row.ratios);
      const bound = `${row.reach} ${number(row.target)}`;
      const spread = `${number(least)}–${number(most)}`;
      return [row.what, row.against, number(median), spread, `${runs}`, bound, isMet(row) ? "yes" : "**no**"];
    }),
  ]);
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
