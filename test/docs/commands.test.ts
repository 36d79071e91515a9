import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STATES, TERMINAL_STATES } from "../../lib/tasks/state.ts";
import { npmStart } from "../support/npm-start.ts";
import type { Program } from "../support/program.ts";
import { areAllForAnAccount, type Block, blocksOf, isForAnAccount } from "./blocks.ts";

/** Everything that people read. */
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  ...globSync(["docs/*.md", "examples/**/README.md", "lib/**/README.md"]).sort(),
];
/** Those whose commands are run here, in this order. */
const RUN = ["README.md", "docs/events.md", "docs/api.md"];

/** Commands of the repository itself: CI and other tests run them, here they only have to exist. */
const REPOSITORY_COMMAND = /^(npm|npx) /;

const shellBlocks = (document: string) => blocksOf(document).filter(({ language }) => language === "sh");
const linesOf = ({ text }: Block) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const isOfRepository = (block: Block) => linesOf(block).every((line) => REPOSITORY_COMMAND.test(line));

describe.each(DOCUMENTS)("%s", (document) => {
  it("has only commands that are run here, or marked as needing an account", () => {
    if (RUN.includes(document) || areAllForAnAccount(document)) return;
    const unknown = shellBlocks(document).filter((block) => !isForAnAccount(block) && !isOfRepository(block));
    expect(unknown.map(({ line }) => `${document}:${line}`)).toEqual([]);
  });

  it("has commands that a shell can parse, and scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const block of shellBlocks(document)) {
      const { stderr } = spawnSync("bash", ["-n"], { input: block.text, encoding: "utf8" });
      expect(stderr, `${document}:${block.line}`).toBe("");
      // A shell would take it for a redirection.
      expect(block.text, `${document}:${block.line}`).not.toMatch(/<[A-Za-z][^<>]*>/);
    }
    const text = readFileSync(document, "utf8");
    for (const [, script] of text.matchAll(/npm run (?:-s )?([a-z-]+)/g))
      expect(scripts).toHaveProperty(script as string);
    for (const [, file] of text.matchAll(/vitest run (test\S+\.ts)/g))
      expect(existsSync(file as string)).toBe(true);
  });

  it("names and links to existing files and headings", () => {
    const text = readFileSync(document, "utf8");
    for (const [, file = ""] of text.matchAll(
      /`((?:bench|functions|infra|lib|local|ops|test)\/[\w./-]+)`/g,
    )) {
      expect(existsSync(file), `${document} names ${file}`).toBe(true);
    }
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path, heading] = target.split("#");
      const file = path ? join(dirname(document), path) : document;
      expect(existsSync(file), `${document} links to ${target}`).toBe(true);
      if (!heading) continue;
      const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, "")
          .replaceAll(" ", "-"),
      );
      expect(headings, `${document} links to ${target}`).toContain(heading);
    }
  });
});

it("no command pipes what npm prints before a script's own output", () => {
  const piped = DOCUMENTS.flatMap((document) =>
    [...readFileSync(document, "utf8").matchAll(/npm run [^`\n]*(?:--json\b|\|)/g)].map(
      ([command]) => command,
    ),
  );
  expect(piped.length).toBeGreaterThan(1);
  expect(piped.filter((command) => !command.startsWith("npm run -s "))).toEqual([]);
  for (const file of globSync("ops/*/*.ts")) {
    const help = readFileSync(file, "utf8").match(/^ {2}--json .+$/m)?.[0];
    if (help) expect(help, file).toContain("npm run -s");
  }
});

it("every command of the runbook that is about a stage names it", () => {
  // Without one it would be about the stage dev, whichever the alarm's is.
  const text = readFileSync("docs/runbook.md", "utf8");
  const commands = [
    ...text.matchAll(/npm run (?:-s )?(?:deploy|package|osls|doctor|smoke|redrive)\b[^`\n]*/g),
  ];
  expect(commands.length).toBeGreaterThan(5);
  expect(commands.map(([command]) => command).filter((each) => !each.includes("-- --stage $STAGE"))).toEqual(
    [],
  );
});

it("the operator's commands name sections that the runbook has", () => {
  const headings = [...readFileSync("docs/runbook.md", "utf8").matchAll(/^## (.+)$/gm)].map(
    ([, title]) => title,
  );
  const named = globSync("ops/**/*.ts").flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/docs\/runbook\.md, ("[^$]+?"(?: and "[^$]+?")*)/g)].flatMap(
      ([, list = ""]) => [...list.matchAll(/"(.+?)"/g)].map(([, title]) => title),
    ),
  );
  expect(named).toContain("Undo a change made by hand");
  for (const title of named) expect(headings).toContain(title);
});

it("the README fits a quarter of an hour", () => {
  expect(readFileSync("README.md", "utf8").split("\n").length).toBeLessThanOrEqual(130);
});

it("every state has its line in docs/api.md", () => {
  const text = readFileSync("docs/api.md", "utf8");
  expect([...text.matchAll(/^\| `([a-z]+)` +\| *\d? *\|/gm)].map(([, state]) => state).sort()).toEqual(
    [...STATES].sort(),
  );
});

const has = (program: string) => spawnSync(program, ["--version"]).error === undefined;
/** Not every machine has the AWS CLI, and Debian's speaks to SQS in a way that the emulator does not know. */
const hasAws = (() => {
  const [, major, minor] =
    spawnSync("aws", ["--version"], { encoding: "utf8" }).stdout?.match(/(\d+)\.(\d+)/) ?? [];
  return major === "1" ? Number(minor) >= 30 : Number(minor) >= 13;
})();

describe.skipIf(!has("curl") || !has("jq"))("the commands, against npm start", () => {
  let start: Program;
  let setup: string;

  beforeAll(async () => {
    start = await npmStart();
    [setup] = await start.prints(/^export API=[\s\S]+?^end_task.+$/m);
    // The tasks that end by themselves have ended then, in whichever order, and can be listed.
    for (const state of TERMINAL_STATES) await start.prints(new RegExp(`enos\\.download\\.${state}`));
  }, 180_000);

  afterAll(() => start[Symbol.asyncDispose]());

  it("of npm start prints what README.md shows", () => {
    const [shown = ""] = blocksOf("README.md")
      .filter(({ language }) => language === "")
      .map(({ text }) => text);
    const events = (text: string) =>
      [...text.matchAll(/^\S+ {2}enos\.download.+$/gm)]
        .map(([line]) => withoutValues(line.replace(/ {2}seen \S+ s after its end/, "")))
        .sort();
    const clocks = [...start.output.matchAll(/^\d\d:\d\d:\d\d(?! {2}functions:)/gm)].map(([clock]) => clock);
    // Past midnight they begin again.
    expect(
      clocks.filter((clock, index) => clock < (clocks[index - 1] ?? "") && !clock.startsWith("00:")),
    ).toEqual([]);
    expect(events(shown)).toHaveLength(7);
    expect(events(start.output)).toEqual(events(shown));
    const others = (text: string) =>
      [...text.matchAll(/^\S+ {2}(?:tracked {2}\d+ tasks|a lookup).+$/gm)].map(([line]) =>
        withoutValues(line.replace(/answered \S+ s/, "answered N s")),
      );
    expect(others(shown)).toHaveLength(2);
    expect(others(start.output)).toEqual(others(shown));
  });

  it("of npm start show the difference that a callback makes, as docs/callbacks.md has it", async () => {
    const [shown = ""] = blocksOf("docs/callbacks.md")
      .filter(({ language }) => language === "")
      .map(({ text }) => text);
    const seen = async (about: RegExp) => {
      const [, taskId] = await start.prints(about);
      const [line] = await start.prints(
        new RegExp(`^\\S+ {2}enos.download.succeeded +\\S+/${taskId} .+$`, "m"),
      );
      return line;
    };
    const told = await seen(/tracked {2}(\w+) {2}.+, and EnOS calls back$/m);
    const untold = await seen(/tracked {2}(\w+) {2}.+ does not call back: /m);
    const secondsIn = (line = "") => Number(/seen (\S+) s after/.exec(line)?.[1]);
    const [first, second] = shown.split("\n");
    expect(secondsIn(told)).toBeLessThan(secondsIn(untold));
    expect(secondsIn(first)).toBeLessThan(secondsIn(second));
    const withoutMeasures = (line = "") => withoutValues(line.replace(/ {2}seen \S+ s after its end/, ""));
    expect([told, untold].map(withoutMeasures)).toEqual([first, second].map(withoutMeasures));
  });

  it("for an unknown route are answered as docs/api.md says", async () => {
    const [, api = ""] = /^export API=(\S+)/m.exec(setup) ?? [];
    const response = await fetch(`${api}/no-such-route`);
    const answer = (await response.json()) as { code?: number; existingRoutes?: string[] };
    expect([response.status, answer.code]).toEqual([404, undefined]);
    expect(answer.existingRoutes).toContain("get - /tracked-tasks");
  });

  it.each(RUN)(
    "of %s work as they are printed, and print what is shown",
    async (document) => {
      const lines = document === "docs/api.md" ? newLongTask(setup) : setup;
      const blocks = blocksOf(document);
      const run: { block: Block; shown: Block | undefined }[] = [];
      let runnable = 0;
      for (const [index, block] of blocks.entries()) {
        if (block.language !== "sh" || isForAnAccount(block) || isOfRepository(block)) continue;
        runnable++;
        if (!hasAws && /\baws /.test(block.text)) continue;
        const next = blocks[index + 1];
        run.push({ block, shown: next?.language === "sh" ? undefined : next });
      }
      // All of them may want the AWS CLI, which not every machine has.
      expect(runnable).toBeGreaterThan(0);
      const outputs = execute(
        lines,
        run.map(({ block }) => block.text),
      );
      for (const [index, { block, shown }] of run.entries()) {
        const where = `${document}:${block.line}`;
        const output = outputs[index] ?? "";
        if (shown?.language === "json") {
          expect(shapesOf(output), where).toEqual(shapesOf(shown.text));
          expect(layoutOf(output), where).toBe(layoutOf(shown.text));
        } else if (shown) expect(output, where).toBe(shown.text);
        else expect(output, where).not.toMatch(/error|not found/i);
      }
    },
    120_000,
  );
});

/** Runs the blocks one after the other in one shell. @returns what each printed */
function execute(setup: string, blocks: string[]): string[] {
  const mark = "----- end of block -----";
  const script = [setup, ...blocks.flatMap((block) => [block, `echo '${mark}'`])].join("\n");
  const output = execFileSync("bash", ["-euo", "pipefail", "-c", script], { encoding: "utf8" });
  return output.split(`${mark}\n`);
}

const NEW = "f".repeat(32);

/**
 * The setup with another task that keeps running and is tracked: the one that it names ended with the README's
 * `end_task`.
 */
function newLongTask(setup: string): string {
  const [, put = "", body = ""] = setup.match(/end_task\(\) \{ (curl .+?) -d '(.+)'; \}/) ?? [];
  const tasks = JSON.parse(body);
  const running = { ...tasks, taskIds: [NEW], timelines: [[{ afterMs: 0, progressCode: 1 }]] };
  return [
    setup.replace(/(export TASK=.+\/)\w+$/m, `$1${NEW}`),
    `${put} -d '${JSON.stringify(running)}'`,
    'curl -s -X PUT "$TASK/tracking?orgId=$ORG" -o /dev/null',
    "",
  ].join("\n");
}

/** JSON documents, one after the other, without what differs from run to run. */
function shapesOf(text: string): unknown[] {
  const list = execFileSync("jq", ["-s", "."], { input: text, encoding: "utf8" });
  return JSON.parse(list, (name, value) => {
    // Whether there is another page depends on what ended meanwhile.
    if (name === "cursor") return null;
    if (name === "dataSize") return typeof value;
    return typeof value === "string" ? withoutValues(value) : value;
  });
}

/** How JSON documents are laid out: without their values, which may be of other lengths. */
function layoutOf(text: string): string {
  return text.replaceAll(/(: ?)(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|null)/g, "$1V");
}

/** A text without ids, times and measures. */
function withoutValues(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/^\d\d:\d\d:\d\d/, "CLOCK")
    .replace(/\b[0-9a-f]{32}([0-9a-f]{32})?\b/g, "ID")
    .replace(/[\w-]+\.zip/, "FILE.zip")
    .replace(/tracked [\d.]+ s/, "tracked N s");
}
