import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { withFigures } from "../../bench/scale/document.ts";
import { DOCUMENTED } from "../../bench/scale/scenarios.ts";

const BEGIN = "<!-- npm run simulate writes this table, from bench/scale/report.md. -->";
const END = "<!-- The end of the table. -->";

const section = (tasks: string, names: string[], rows: string[]) =>
  [`## ${tasks} open tasks`, [`|  | ${names.join(" | ")} |`, "| --- |", ...rows].join("\n")].join("\n\n");

const REPORT = [
  "# The service at scale",
  "Written by `npm run simulate`.",
  section(
    "1,000",
    ["defaults", "2 requests/s"],
    ["| run times | a | b |", "| `SWEEPERS` | 1 | 9 |", "| checks/s | 5, 6 | 9 |"],
  ),
  section(
    "1,000,000",
    ["defaults", "set for a million"],
    ["| run times | a | b |", "| `SWEEPERS` | 9 | 6 |", "| checks/s | 9 | 7 |"],
  ),
  section(
    "100,000",
    ["defaults, 100 organisations"],
    ["| run times | a |", "| `SWEEPERS` | 2 |", "| checks/s | 8 |"],
  ),
].join("\n\n");

it("writes the figures of the documented scenarios between the two comments", () => {
  const document = `# Scale\n\n${BEGIN}\n\nyesterday's\n\n${END}\n\nText.\n`;
  const written = withFigures(document, REPORT);
  expect(written).toBe(`# Scale

${BEGIN}

| open tasks | 1,000 | 100,000 | 1,000,000 |
| ---------- | ----- | ------- | --------- |
| \`SWEEPERS\` | 1     | 2       | 6         |
| checks/s   | 5, 6  | 8       | 7         |

${END}

Text.
`);
  expect(withFigures(written, REPORT)).toBe(written);
});

it("has written docs/scale.md from the report", () => {
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const document = text("docs/scale.md");
  expect(withFigures(document, text("bench/scale/report.md"))).toBe(document);
});

it("refuses a document without a place for them, and a report without them", () => {
  expect(() => withFigures("# Scale\n", REPORT)).toThrow("no place for the table");
  const [, , , , ...withoutAMillion] = REPORT.split("\n\n");
  expect(DOCUMENTED).toHaveLength(3);
  expect(() => withFigures(`${BEGIN}\n${END}\n`, withoutAMillion.join("\n\n"))).toThrow(
    'the report has no column "defaults" for 1,000 open tasks',
  );
});
