import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  NEVER_SWEPT,
  nextPass,
  type Progress,
  parseProgress,
  progressItem,
} from "../../lib/store/checkpoint.ts";

const ORGS = ["a", "b", "__proto__"];

interface Task {
  orgId: string;
  indexKey: string;
}

const tasks = fc.uniqueArray(
  fc.record({ orgId: fc.constantFrom(...ORGS), indexKey: fc.stringMatching(/^[0-9a-f]{4}$/) }),
  { selector: ({ indexKey }) => indexKey, minLength: 1, maxLength: 40 },
);

/** One sweep: how far time has moved on, where reading stops, and who fails from which task on. */
const sweeps = fc.array(
  fc.record({
    elapsed: fc.integer({ min: 0, max: 1000 }),
    reads: fc.option(fc.nat(60), { nil: undefined }),
    failing: fc.dictionary(fc.constantFrom(...ORGS), fc.nat(60)),
    lost: fc.constantFrom(false, false, false, true),
  }),
  { maxLength: 30 },
);

/** Runs one pass as a sweep does: gives the windows that were truly checked. */
function runPass(
  progress: Progress,
  sorted: Task[],
  now: number,
  reads: number | undefined,
  failing: Record<string, number>,
  seen: (task: Task, window: { from: number; to: number }) => void,
): Progress {
  const pass = nextPass(progress, now);
  const skipped = new Map<string, string>();
  const looked = new Map<string, number>();
  let stoppedAt: string | null = null;
  const toRead = sorted.filter(({ indexKey }) => indexKey >= pass.from);
  for (const [index, task] of toRead.entries()) {
    if (reads !== undefined && index >= reads) {
      stoppedAt = task.indexKey;
      break;
    }
    const window = pass.windowFor(task.orgId, task.indexKey);
    if (!window) continue;
    const times = looked.get(task.orgId) ?? 0;
    if (skipped.has(task.orgId) || times >= (failing[task.orgId] ?? Number.POSITIVE_INFINITY)) {
      if (!skipped.has(task.orgId)) skipped.set(task.orgId, task.indexKey);
      continue;
    }
    looked.set(task.orgId, times + 1);
    seen(task, window);
  }
  return pass.after({ stoppedAt, skipped });
}

describe("a shard's progress", () => {
  it("covers every moment for every task without a gap, however sweeps are cut, stopped or lost", () => {
    fc.assert(
      fc.property(tasks, sweeps, (some, plan) => {
        const sorted = [...some].sort((x, y) => (x.indexKey < y.indexKey ? -1 : 1));
        const covered = new Map(sorted.map((task) => [task.indexKey, 0]));
        let progress: Progress = NEVER_SWEPT;
        let now = 1;
        let anyLost = false;
        const check = (task: Task, { from, to }: { from: number; to: number }) => {
          const through = covered.get(task.indexKey) as number;
          // A window begins where the last one ended: nothing is skipped, and nothing is checked twice.
          if (anyLost) expect(from).toBeLessThanOrEqual(through);
          else expect(from).toBe(through);
          covered.set(task.indexKey, Math.max(through, to));
        };
        for (const { elapsed, reads, failing, lost } of plan) {
          now += elapsed;
          const after = runPass(progress, sorted, now, reads, failing, check);
          // A sweep that died moved no watermark.
          anyLost ||= lost;
          if (!lost) progress = parseProgress(JSON.parse(JSON.stringify(progressItem(after))));
        }
        // In peace everybody catches up: a rest, its new window, and the window after that.
        for (let sweep = 0; sweep < 4; sweep++)
          progress = runPass(progress, sorted, now, undefined, {}, check);
        expect(progress).toEqual({ sweptThrough: now, rest: null, behind: new Map() });
        for (const through of covered.values()) expect(through).toBe(now);
      }),
      { numRuns: 2000 },
    );
  });

  it("lets nobody wait for an organisation that is stopped", () => {
    const sorted = ["1", "2", "3", "4"].map((indexKey) => ({
      orgId: indexKey === "2" ? "a" : "b",
      indexKey,
    }));
    let progress: Progress = NEVER_SWEPT;
    for (let now = 100; now <= 500; now += 100) {
      const seen: string[] = [];
      progress = runPass(progress, sorted, now, undefined, { a: 0 }, (task, { to }) => {
        expect(to).toBe(now);
        seen.push(task.indexKey);
      });
      expect(seen).toEqual(["1", "3", "4"]);
    }
    expect(progress.sweptThrough).toBe(500);
    expect(progress.behind.get("a")).toEqual({ sweptThrough: 0, rest: { to: 100, at: "2" } });
  });

  it("reads only the rest after a sweep that was cut short", () => {
    const pass = nextPass({ sweptThrough: 5, rest: { to: 10, at: "7" }, behind: new Map() }, 20);
    expect(pass.from).toBe("7");
    expect(pass.windowFor("a", "6")).toBeNull();
    expect(pass.windowFor("a", "7")).toEqual({ from: 5, to: 10 });
    expect(pass.after({ stoppedAt: null, skipped: new Map() })).toEqual({
      sweptThrough: 10,
      rest: null,
      behind: new Map(),
    });
  });

  it("goes back as a whole rather than let its record grow without end", () => {
    const skipped = new Map(Array.from({ length: 500 }, (_, index) => [`o${index}`, "5"]));
    const progress = { sweptThrough: 50, rest: null, behind: new Map() };
    const after = nextPass(progress, 100).after({ stoppedAt: null, skipped });
    expect(after).toEqual({ sweptThrough: 50, rest: null, behind: new Map() });
  });

  it("never moves a watermark back when a clock does", () => {
    const progress = { sweptThrough: 50, rest: null, behind: new Map() };
    expect(nextPass(progress, 40).after({ stoppedAt: null, skipped: new Map() }).sweptThrough).toBe(50);
  });

  it("begins anew where a watermark is further ahead than any clock could have been", () => {
    const now = 1_000_000;
    const ahead = 10 * now;
    for (const track of [
      { sweptThrough: ahead, rest: null },
      { sweptThrough: 5, rest: { to: ahead, at: "7" } },
    ]) {
      for (const progress of [
        { ...track, behind: new Map() },
        { sweptThrough: 5, rest: null, behind: new Map([["a", track]]) },
      ]) {
        const pass = nextPass(progress, now);
        expect(pass.windowFor("a", "8")).toEqual({ from: 0, to: now });
        expect(pass.after({ stoppedAt: null, skipped: new Map() })).toEqual({
          ...NEVER_SWEPT,
          sweptThrough: now,
        });
      }
    }
  });

  it("takes a record that does not parse for one that was never swept", () => {
    expect(parseProgress(undefined)).toEqual(NEVER_SWEPT);
    for (const bad of [
      { sweptThrough: "soon", rest: null, behind: [] },
      { sweptThrough: 5, rest: { to: 9 }, behind: [] },
      { sweptThrough: 5, rest: { to: 9, at: "x".repeat(2000) }, behind: [] },
      { sweptThrough: 5, rest: null, behind: [{ orgId: "a", sweptThrough: 4, rest: "x" }] },
      { sweptThrough: 5, rest: null, behind: [7] },
    ]) {
      expect(parseProgress(bad)).toEqual(NEVER_SWEPT);
    }
  });
});
