import { expect, it } from "vitest";
import { ProbeCandidates } from "../../lib/sweep/probe-candidates.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";

const GATEWAY = "https://g";
const checked = { through: 0, scheduledSince: 0 };
/** Those whose names begin with "none" have no credentials. */
const ORGANISATIONS = ["none0", "none1", "one", "two", "three"];

/** How often each organisation is drawn, if each has two tasks. */
function drawn(organisations: string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (let draw = 0; draw < 3_000; draw++) {
    const candidates = new ProbeCandidates<string>();
    const shift = draw % organisations.length;
    const inOrder = [...organisations.slice(shift), ...organisations.slice(0, shift)];
    for (const orgId of inOrder) {
      for (let number = 0; number < 2; number++) {
        const task = { orgId, indexKey: `${orgId} ${number}` } as OpenTask;
        candidates.consider(
          GATEWAY,
          { task, checked },
          { group: orgId, isPreferred: !orgId.startsWith("none") },
        );
      }
    }
    for (const [, { task }] of candidates) times.set(task.orgId, (times.get(task.orgId) ?? 0) + 1);
  }
  return times;
}

it("draws a gateway's organisations with credentials equally often, and no others", () => {
  const times = drawn(ORGANISATIONS);
  expect([...times.keys()].sort()).toEqual(["one", "three", "two"]);
  for (const count of times.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

it("draws organisations without credentials if there are no others", () => {
  const times = drawn(["none0", "none1"]);
  expect([...times.keys()].sort()).toEqual(["none0", "none1"]);
});

it("draws each task of an organisation equally often", () => {
  const times = new Map<string, number>();
  for (let draw = 0; draw < 3_000; draw++) {
    const candidates = new ProbeCandidates<string>();
    for (const taskId of ["t1", "t2", "t3"]) {
      const task = { orgId: "one", taskId } as OpenTask;
      candidates.consider("one", { task, checked });
    }
    for (const [, { task }] of candidates) times.set(task.taskId, (times.get(task.taskId) ?? 0) + 1);
  }
  expect([...times.keys()].sort()).toEqual(["t1", "t2", "t3"]);
  for (const count of times.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});
