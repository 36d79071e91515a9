import { readFile, writeFile } from "node:fs/promises";
import { commandLine, refuse } from "../../infra/program/command-line.ts";
import { tell } from "../harness/progress.ts";
import { broken } from "./broken.ts";
import { withFigures } from "./document.ts";
import { number, report } from "./report.ts";
import { type Outcome, run } from "./run.ts";
import { SCENARIOS } from "./scenarios.ts";

const scales = [...new Set(SCENARIOS.map((scenario) => scenario.tasks))].join(", ");
const USAGE = `Simulates sweeps in virtual time and writes bench/scale/report.md, and from it the table of docs/scale.md:
npm run simulate -- [options]
  --tasks N  run only the scenarios with N open tasks (${scales}); print the report and write nothing`;

const { tasks } = commandLine(USAGE, { tasks: { type: "string" } });
const chosen = SCENARIOS.filter((scenario) => tasks === undefined || scenario.tasks === Number(tasks));
if (chosen.length === 0) refuse(`--tasks ${tasks}: the scenarios have ${scales}`);

const REPORT = new URL("report.md", import.meta.url);
const DOCUMENT = new URL("../../docs/scale.md", import.meta.url);

const outcomes: Outcome[] = [];
for (const scenario of chosen) {
  tell(`${number(scenario.tasks)} tasks, ${scenario.name}`);
  const outcome = await run(scenario);
  outcomes.push(outcome);
  for (const problem of broken(outcome)) console.error(problem);
  // After each, since the largest take long: what is known is kept if the run is interrupted.
  if (tasks === undefined) await writeFile(REPORT, `${report(outcomes)}\n`);
}
console.log(report(outcomes));
if (tasks === undefined) {
  await writeFile(DOCUMENT, withFigures(await readFile(DOCUMENT, "utf8"), report(outcomes)));
}
process.exitCode = outcomes.flatMap(broken).length > 0 ? 1 : 0;
