import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  isTerminal,
  OPEN_STATES,
  STATES,
  State,
  stateOfCode,
  storedState,
  TERMINAL_STATES,
} from "../../lib/tasks/state.ts";

const run = promisify(execFile);

describe("the table of states", () => {
  it("has every state in exactly one of the two lists", () => {
    expect([...OPEN_STATES, ...TERMINAL_STATES].sort()).toEqual([...STATES].sort());
    expect(TERMINAL_STATES.every((state) => isTerminal(state))).toBe(true);
    expect(State.options).toEqual(STATES);
  });

  it("treats an unknown state as open", () => {
    for (const state of STATES) expect(storedState(state)).toBe(state);
    for (const odd of ["melted", "constructor", "", 7, null, undefined, {}]) {
      expect(storedState(odd)).toBe("unknown");
    }
    expect(OPEN_STATES).toContain("unknown");
    expect(stateOfCode(8)).toBe("unknown");
  });
});

describe("a state that is added to the table", () => {
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

  async function add(row: string): Promise<void> {
    const file = join(copy, "lib/tasks/state.ts");
    const text = await readFile(file, "utf8");
    const changed = text.replace(/^const TABLE = \{$/m, `$&\n  melted: ${row},`);
    expect(changed).not.toBe(text);
    await writeFile(file, changed);
  }

  /** Takes the state through all that a task goes through, as the type checker and Node see it. */
  async function use(): Promise<unknown> {
    await writeFile(join(copy, "use.ts"), USE);
    await run("tsc", ["-p", copy]);
    const { stdout } = await run("node", [join(copy, "use.ts")]);
    return JSON.parse(stdout);
  }

  it("works everywhere when it is EnOS's and open", async () => {
    await add('{ saidBy: "enos", progressCode: 8, terminal: false }');
    expect(await use()).toEqual({
      status: { state: "melted", terminal: false },
      decision: { kind: "change", state: "melted" },
      openTask: "melted",
      record: "melted",
      listed: "melted",
      event: "enos.download.melted",
    });
  });

  it("works everywhere when it is EnOS's and terminal", async () => {
    await add('{ saidBy: "enos", progressCode: 8, terminal: true }');
    expect(await use()).toMatchObject({
      status: { state: "melted", terminal: true },
      decision: { kind: "finish", state: "melted" },
      record: "melted",
      listed: "melted",
      event: "enos.download.melted",
    });
  });

  it.each([
    ["a part of its row", '{ saidBy: "enos", progressCode: 8 }'],
    ["a documented value", '{ saidBy: "enos", progressCode: "8", terminal: false }'],
    ["a source that exists", '{ saidBy: "somebody", progressCode: 8, terminal: false }'],
  ])("does not compile without %s", async (_, row) => {
    await add(row);
    await expect(run("tsc", ["-p", copy])).rejects.toMatchObject({
      stdout: expect.stringContaining("lib/tasks/state.ts"),
    });
  });
});

const USE = `
import { parseStatus } from "./lib/enos/status.ts";
import { terminalEvent } from "./lib/events/event.ts";
import { decide } from "./lib/tasks/decision.ts";
import { parseOpenTask, parseRecord } from "./lib/store/task-item.ts";
import { State, type TerminalState, type TrackedState } from "./lib/tasks/state.ts";

const state: TrackedState = "melted";
const key = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const place = { indexKey: "0", trackedAt: 1, offset: 0 };
const task = { ...key, ...place, state: "running" as const, notFound: null, deadlineAt: undefined, uncertainSince: undefined };
const status = parseStatus(key, { progressCode: 8 });
const decision = decide(task, { kind: "status", status }, { now: 2, deadlineMs: 1000, checkedThrough: 1 });
const item = { pk: "o1", sk: "ch-1#t1", state, stateSince: 1, trackedAt: 1 };
const stored = { pk: { S: "o1" }, sk: { S: "ch-1#t1" }, state: { S: state } };
console.log(
  JSON.stringify({
    status: { state: status.state, terminal: status.terminal },
    decision: {
      kind: decision.kind,
      state: decision.kind === "finish" ? decision.outcome.state : decision.kind === "change" && decision.state,
    },
    openTask: parseOpenTask(stored, place)?.state,
    record: parseRecord(item, 2)?.state,
    listed: State.safeParse(state).data,
    event: terminalEvent(task, { state: state as TerminalState, status, reason: null }, { observedAt: 2, notEndedBefore: null }).type,
  }),
);
`;
