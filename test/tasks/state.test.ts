import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  isTerminal,
  STATES,
  State,
  stateOfCode,
  storedState,
  TERMINAL_STATES,
} from "../../lib/tasks/state.ts";

const run = promisify(execFile);

describe("the table of states", () => {
  it("has every state in exactly one of the two lists", () => {
    const open = STATES.filter((state) => !isTerminal(state));
    expect([...open, ...TERMINAL_STATES].sort()).toEqual([...STATES].sort());
    expect(TERMINAL_STATES.every((state) => isTerminal(state))).toBe(true);
    expect(State.options).toEqual(STATES);
  });

  it("treats an unknown state as open", () => {
    for (const state of STATES) expect(storedState(state)).toBe(state);
    for (const odd of ["melted", "constructor", "", 7, null, undefined, {}]) {
      expect(storedState(odd)).toBe("unknown");
    }
    expect(isTerminal("unknown")).toBe(false);
    expect(stateOfCode(99)).toBe("unknown");
  });
});

describe("states that are added to the table", () => {
  let copy: string;

  beforeEach(async () => {
    await mkdir(".tmp", { recursive: true });
    copy = await mkdtemp(".tmp/state-");
    await cp("lib", join(copy, "lib"), { recursive: true });
    await writeFile(
      join(copy, "tsconfig.json"),
      '{ "extends": "../../tsconfig.json", "include": ["lib", "use.ts"] }',
    );
  });

  afterEach(() => rm(copy, { recursive: true, force: true }));

  /** @returns the lines that the rows are in */
  async function add(rows: Record<string, string>): Promise<number[]> {
    const file = join(copy, "lib/tasks/state.ts");
    const text = await readFile(file, "utf8");
    const added = Object.entries(rows).map(([state, row]) => `\n  ${state}: ${row},`);
    const changed = text.replace(/^const TABLE = \{$/m, `$&${added.join("")}`);
    expect(changed).not.toBe(text);
    await writeFile(file, changed);
    const lines = changed.split("\n");
    return Object.keys(rows).map((state) => 1 + lines.findIndex((line) => line.startsWith(`  ${state}: `)));
  }

  it("work everywhere when they are EnOS's, open or terminal", async () => {
    await add({
      melted: '{ saidBy: "enos", progressCode: 98, terminal: false }',
      frozen: '{ saidBy: "enos", progressCode: 97, terminal: true }',
    });
    // The type checker and Node see all that a task goes through.
    await writeFile(join(copy, "use.ts"), USE);
    await run("tsc", ["-p", copy]);
    const { stdout } = await run("node", [join(copy, "use.ts")]);
    expect(JSON.parse(stdout)).toEqual([
      {
        status: { state: "melted", terminal: false },
        decision: { kind: "change", state: "melted" },
        openTask: "melted",
        record: "melted",
        listed: "melted",
        event: "enos.download.melted",
      },
      {
        status: { state: "frozen", terminal: true },
        decision: { kind: "finish", state: "frozen" },
        openTask: "frozen",
        record: "frozen",
        listed: "frozen",
        event: "enos.download.frozen",
      },
    ]);
  });

  it("do not compile without a part of their rows, a documented value or a source that exists", async () => {
    const lines = await add({
      partless: '{ saidBy: "enos", progressCode: 98 }',
      mistyped: '{ saidBy: "enos", progressCode: "97", terminal: false }',
      sourceless: '{ saidBy: "somebody", progressCode: 96, terminal: false }',
    });
    const { stdout } = await run("tsc", ["-p", copy]).then(
      () => ({ stdout: "" }),
      (error: { stdout: string }) => error,
    );
    const found = new Set(
      [...stdout.matchAll(/lib\/tasks\/state\.ts\((\d+),/g)].map(([, line]) => Number(line)),
    );
    expect([...found]).toEqual(expect.arrayContaining(lines));
  });
});

const USE = `
import { parseStatus } from "./lib/enos/status.ts";
import { terminalEvent } from "./lib/events/event.ts";
import { decide } from "./lib/tasks/decision.ts";
import { parseOpenTask, parseRecord } from "./lib/store/task-item.ts";
import { State, type TerminalState, type TrackedState } from "./lib/tasks/state.ts";

const key = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const place = { indexKey: "0", trackedAt: 1, offset: 0 };
const task = { ...key, ...place, state: "running" as const, notFound: null, deadlineAt: undefined, uncertainSince: undefined };

function through(state: TrackedState, progressCode: number) {
  const status = parseStatus(key, { progressCode });
  const decision = decide(task, { kind: "status", status }, { now: 2, deadlineMs: 1000, checkedThrough: 1, wasInIndex: true });
  const item = { pk: "o1", sk: "ch-1#t1", state, stateSince: 1, trackedAt: 1 };
  const stored = { pk: { S: "o1" }, sk: { S: "ch-1#t1" }, state: { S: state } };
  return {
    status: { state: status.state, terminal: status.terminal },
    decision: {
      kind: decision.kind,
      state: decision.kind === "finish" ? decision.outcome.state : decision.kind === "change" && decision.state,
    },
    openTask: parseOpenTask(stored, place)?.state,
    record: parseRecord(item, 2)?.state,
    listed: State.safeParse(state).data,
    event: terminalEvent(task, { state: state as TerminalState, status, reason: null }, { observedAt: 2, notEndedBefore: null }).type,
  };
}

const frozen: TerminalState = "frozen";
console.log(JSON.stringify([through("melted", 98), through(frozen, 97)]));
`;
