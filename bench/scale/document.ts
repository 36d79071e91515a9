import { markdownTable } from "markdown-table";
import { number } from "./report.ts";
import { DOCUMENTED, type Scenario } from "./scenarios.ts";

const BEGIN = "<!-- npm run simulate writes this table, from bench/scale/report.md. -->";
const END = "<!-- The end of the table. -->";

/** Rows that say nothing about a service. */
const LEFT_OUT = new Set(["run times", "minutes counted"]);

/**
 * A document whose table of settings and figures, between its two comments, has those of the report.
 *
 * @param report as `npm run simulate` writes it, with every scenario that is documented
 * @throws {Error} if the document lacks a comment, or the report a scenario
 */
export function withFigures(document: string, report: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`the document has no place for the table: ${BEGIN} … ${END}`);
  const table = tableOf(DOCUMENTED.map((scenario) => ({ scenario, figures: figuresOf(report, scenario) })));
  return `${document.slice(0, begin)}${BEGIN}\n\n${table}\n\n${document.slice(end)}`;
}

interface Column {
  scenario: Scenario;
  /** By label. */
  figures: Map<string, string>;
}

function tableOf(columns: readonly Column[]): string {
  const labels = [...(columns[0]?.figures.keys() ?? [])].filter((label) => !LEFT_OUT.has(label));
  return markdownTable([
    ["open tasks", ...columns.map(({ scenario }) => number(scenario.tasks))],
    ...labels.map((label) => [label, ...columns.map(({ figures }) => figures.get(label) ?? "")]),
  ]);
}

/** A scenario's column of the report. */
function figuresOf(report: string, { name, tasks }: Scenario): Map<string, string> {
  const [, section = ""] = report.split(`\n## ${number(tasks)} open tasks\n`);
  const [table = ""] = section.trim().split("\n\n");
  const [names = [], , ...rows] = table.split("\n").map(cellsOf);
  const column = names.indexOf(name);
  if (column < 0) throw new Error(`the report has no column "${name}" for ${number(tasks)} open tasks`);
  return new Map(rows.map((cells) => [cells[0] ?? "", cells[column] ?? ""]));
}

function cellsOf(row: string): string[] {
  return row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}
