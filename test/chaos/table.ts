import type { Row } from "./scenario.ts";

/** The rows as aligned text, each followed by its notes. */
export function table(rows: Row[]): string {
  const head = ["tried", "times", "lost", "duplicated", "wrong"];
  const cells = rows.map((row) => [row.tried, row.times, row.lost, row.duplicated, row.wrong].map(String));
  const widths = head.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => (row[column] as string).length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join("  ");
  const lines = [line(head), line(widths.map((width) => "-".repeat(width)))];
  rows.forEach(({ notes }, index) => {
    lines.push(line(cells[index] as string[]), ...notes.map((note) => `    ${note}`));
  });
  return lines.join("\n");
}
