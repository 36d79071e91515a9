import { expect, it } from "vitest";
import { ProbeCandidates } from "../../lib/sweep/probe-candidates.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";

const GATEWAY = "https://g";
const checked = { through: 0, scheduledSince: 0 };
/** Those whose names begin with "none" have no credentials. */
const ORGANISATIONS = ["none0", "none1", "one", "two", "three"];

/** How often each organisation is drawn, however many tasks it has. */
function drawn(organisations: string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (let draw = 0; draw < 3_000; draw++) {
    const candidates = new ProbeCandidates<string>();
    const shift = draw % organisations.length;
    const inOrder = [...organisations.slice(shift), ...organisations.slice(0, shift)];
    for (const orgId of inOrder) {
      for (let number = 0; number < (orgId === "one" ? 10 : 2); number++) {
        const task = { orgId, indexKey: `${orgId} ${number}` } as OpenTask;
        candidates.consider(
          GATEWAY,
          { task, checked, isLate: false },
          { group: orgId, rank: [Number(!orgId.startsWith("none"))] },
        );
      }
    }
    for (const [, { task }] of candidates.take()) times.set(task.orgId, (times.get(task.orgId) ?? 0) + 1);
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
      candidates.consider("one", { task, checked, isLate: false }, { rank: [] });
    }
    for (const [, { task }] of candidates.take()) times.set(task.taskId, (times.get(task.taskId) ?? 0) + 1);
  }
  expect([...times.keys()].sort()).toEqual(["t1", "t2", "t3"]);
  for (const count of times.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

it("returns each task that is not drawn, once, and draws no more once one was taken", () => {
  const tasks = ["a1", "a2", "b1", "c1", "c2", "d1"].map(
    (taskId) => ({ orgId: taskId[0], taskId }) as OpenTask,
  );
  for (let draw = 0; draw < 100; draw++) {
    const candidates = new ProbeCandidates<string>();
    const notDrawn = tasks.flatMap((task) => {
      const { orgId } = task;
      const options = { group: orgId, rank: [Number(orgId > "b")] };
      return candidates.consider(GATEWAY, { task, checked, isLate: false }, options)?.task ?? [];
    });
    const taken = candidates.take().map(([, { task }]) => task);
    expect(taken).toHaveLength(1);
    expect(taken[0]?.orgId).toMatch(/c|d/);
    expect([...notDrawn, ...taken].sort((a, b) => (a.taskId < b.taskId ? -1 : 1))).toEqual(tasks);
    const later = { task: { orgId: "e", taskId: "e1" } as OpenTask, checked, isLate: false };
    expect(candidates.consider(GATEWAY, later, { rank: [9] })).toBe(later);
    expect(candidates.take()).toEqual([]);
  }
});

it("draws a task of the highest rank, whose first entry that differs decides, in whatever order they come", () => {
  const ranks = [
    [0, 9, 9],
    [1, 2, 3],
    [1, 2, 4],
    [1, -5, 9],
  ];
  for (let shift = 0; shift < ranks.length; shift++) {
    for (const inOrder of [ranks, ranks.toReversed()]) {
      const candidates = new ProbeCandidates<string>();
      for (const rank of [...inOrder.slice(shift), ...inOrder.slice(0, shift)]) {
        const task = { orgId: "one", taskId: rank.join() } as OpenTask;
        candidates.consider("one", { task, checked, isLate: false }, { rank });
      }
      expect(candidates.take().map(([, { task }]) => task.taskId)).toEqual(["1,2,4"]);
    }
  }
});
