/**
 * `npm run mutate [-- FOLDER… --OPTION=VALUE…]`, with options of Stryker: changes the pure files of lib/ in every way that
 * Stryker knows, and says which changes no test of the file's own folder notices. `tools/equivalent-mutants.ts` has those
 * that none can.
 *
 * One run for each folder, with the tests of its pure files only: a mutant at the top of a file runs with all tests
 * there are, and far-off tests that meet a mutant by the way take long and say little.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { EQUIVALENT, type Equivalent } from "./equivalent-mutants.ts";

/** The pure files of each folder; the tests of `lib/tasks/decision.ts` are `test/tasks/decision.test.ts`. */
const PURE: Record<string, readonly string[]> = {
  "lib/tasks": ["carried", "decision", "known-open", "schedule"],
  "lib/enos": ["answer", "gateway", "retry", "retry-after", "signature", "status", "wait"],
  "lib/events": ["event", "schema"],
  "lib/http": ["*"],
  "lib/store": ["checkpoint", "coverage", "index-key", "key-span", "merge-gaps", "task-item"],
  "lib/time": ["*"],
  "lib/sweep": [
    "backlog",
    "behind",
    "breakers",
    "call-result",
    "call-window",
    "held-back",
    "hint-batch",
    "hint-retry",
    "lag",
    "lane",
    "lane-queue",
    "open-count",
    "paces",
    "pass",
    "probe-candidates",
    "probe-times",
    "queue-room",
    "second-opinions",
    "shard-window",
    "suspect-queue",
    "suspects",
    "task-map",
    "time-budget",
    "turn-queue",
  ],
  lib: ["settings"],
};

/** What is read of Stryker's report. */
interface Report {
  files: Record<string, { source: string; mutants: Mutant[] }>;
}
interface Mutant {
  status: string;
  replacement: string;
  location: Record<"start" | "end", { line: number; column: number }>;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const REPORT = `${ROOT}tools/.stryker/report.json`;
const DETECTED = ["Killed", "Timeout"];
const UNDETECTED = ["Survived", "NoCoverage"];

/** @returns whether the run came to its end */
function run(folder: string, names: readonly string[], options: readonly string[]): boolean {
  console.log(`\n${folder}`);
  const tests = names.map((name) => `${folder.replace("lib", "test")}/${name}.test.ts`);
  const { status } = spawnSync(
    `${ROOT}tools/node_modules/.bin/stryker`,
    [
      ...["run", "tools/stryker.config.json"],
      ...["--mutate", names.map((name) => `${folder}/${name}.ts`).join(",")],
      ...options,
    ],
    { cwd: ROOT, stdio: "inherit", env: { ...process.env, MUTATION_TESTS: tests.join(",") } },
  );
  return status === 0;
}

/** Shows the folder's unexplained survivors. @returns the folder's line of the table */
function summarise(folder: string): string[] {
  const { files } = JSON.parse(readFileSync(REPORT, "utf8")) as Report;
  let detected = 0;
  let survived = 0;
  let explained = 0;
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const lines = source.split("\n");
    const unused = new Set<Equivalent>(EQUIVALENT[file]);
    for (const { status, replacement, location } of mutants) {
      if (DETECTED.includes(status)) detected++;
      if (!UNDETECTED.includes(status)) continue;
      const { start, end } = location;
      const line = lines[start.line - 1] ?? "";
      const was = start.line === end.line ? line.slice(start.column - 1, end.column - 1) : line.trim();
      const known = EQUIVALENT[file]?.find(
        (equivalent) => equivalent.was === was && equivalent.becomes === replacement,
      );
      if (known) {
        unused.delete(known);
        explained++;
      } else {
        survived++;
        console.log(`${file}:${start.line}:${start.column}\n  - ${was}\n  + ${replacement}`);
      }
    }
    for (const { was, becomes } of unused) {
      console.log(`${file} has no surviving mutant any more that makes ${was} to ${becomes}`);
    }
  }
  const score = (100 * detected) / (detected + survived);
  return [
    folder,
    String(detected + survived + explained),
    ...[detected, survived, explained].map(String),
    score.toFixed(1),
  ];
}

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("-"));
const wanted = given.filter((argument) => !argument.startsWith("-"));
const unknown = wanted.find((folder) => !PURE[folder]);
if (unknown) {
  console.error(`${unknown} is not one of ${Object.keys(PURE).join(", ")}`);
  process.exit(2);
}

const chosen = Object.entries(PURE).filter(([folder]) => wanted.length === 0 || wanted.includes(folder));
const table = [["folder", "mutants", "killed", "survived", "explained", "score (%)"]];
for (const [folder, names] of chosen) {
  if (run(folder, names, options)) table.push(summarise(folder));
  else process.exitCode = 1;
}
console.log(`\n${markdownTable(table)}`);
