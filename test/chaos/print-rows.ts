import { markdownTable } from "markdown-table";
import type { Row } from "./scenario.ts";

/** Prints the rows as a table, and the notes on them below. */
export function printRows(rows: Row[]): void {
  const cells = rows.map(({ tried, times, lost, duplicated, wrong }) =>
    [tried, times, lost, duplicated, wrong].map(String),
  );
  const notes = rows.flatMap(({ tried, notes }) => notes.map((note) => `- ${tried}: ${note}`));
  const numbers = markdownTable([["tried", "times", "lost", "duplicated", "wrong"], ...cells], {
    align: ["l", "r", "r", "r", "r"],
  });
  console.log(["", numbers, ...notes].join("\n"));
}
