import { describe, expect, it } from "vitest";
import { isResting, isSuspect, Suspects } from "../../lib/sweep/suspects.ts";

const SECOND = 1_000;
const NOW = 1_000_000;

it("a task is a suspect after two calls in a row without an answer, until it is answered", () => {
  const suspects = new Suspects();
  const task = { orgId: "o1", indexKey: "k1" };
  expect([suspects.has(task), suspects.unansweredCalls(task, 50)]).toEqual([false, undefined]);
  suspects.unanswered(task, 10, true);
  expect([suspects.has(task), suspects.unansweredCalls(task, 50)]).toEqual([false, { calls: 1, at: 10 }]);
  suspects.unanswered(task, 20, true);
  suspects.unanswered({ orgId: "o1", indexKey: "k2" }, 25, true);
  suspects.unanswered({ orgId: "o2", indexKey: "k1" }, 30, true);
  expect([suspects.has(task), suspects.unansweredCalls(task, 50)]).toEqual([true, { calls: 2, at: 20 }]);
  expect([suspects.of("o1"), suspects.of("o2"), suspects.of("o3")]).toEqual([["k1"], [], []]);
  suspects.answered({ orgId: "o1", indexKey: "unknown" });
  suspects.answered({ orgId: "unknown", indexKey: "k1" });
  suspects.answered(task);
  expect([suspects.count(task), suspects.unansweredCalls(task, 50)]).toEqual([undefined, undefined]);
  suspects.unanswered(task, 40, true);
  expect(suspects.has(task)).toBe(false);
});

it("calls that say nothing about a task do not make it a suspect, but are remembered", () => {
  const suspects = new Suspects();
  const task = { orgId: "o1", indexKey: "k1" };
  for (const at of [10, 20, 30]) suspects.unanswered(task, at, false);
  expect([suspects.has(task), suspects.unansweredCalls(task, 50)]).toEqual([false, { calls: 0, at: 30 }]);
  expect(suspects.count(task)).toBe(0);
  for (const at of [40, 50]) suspects.unanswered(task, at, true);
  suspects.unanswered(task, 60, false);
  expect([suspects.has(task), suspects.unansweredCalls(task, 60)]).toEqual([true, { calls: 2, at: 60 }]);
});

it("calls of which a record tells count, unless this process knows better", () => {
  const suspects = new Suspects();
  const task = (indexKey: string) => ({ orgId: "o1", indexKey });
  suspects.unanswered(task("known"), 10, true);
  for (const key of ["known", "twice"]) suspects.recorded(task(key), 2);
  suspects.recorded(task("once"), 1);
  expect(["known", "once", "twice"].map((key) => suspects.count(task(key)))).toEqual([1, 1, 2]);
  expect([suspects.of("o1"), suspects.has(task("twice"))]).toEqual([["twice"], true]);
  for (const key of ["once", "twice"]) {
    suspects.unanswered(task(key), 20, true);
    suspects.recorded(task(key), 1);
  }
  expect(suspects.unansweredCalls(task("once"), 50)).toEqual({ calls: 2, at: 20 });
  expect(suspects.unansweredCalls(task("twice"), 50)).toEqual({ calls: 3, at: 20 });
  for (const key of ["once", "twice"]) suspects.answered(task(key));
  expect([suspects.count(task("once")), suspects.of("o1")]).toEqual([undefined, []]);
});

it("a call by a clock that was ahead counts as long ago", () => {
  const suspects = new Suspects();
  const task = { orgId: "o1", indexKey: "k1" };
  suspects.unanswered(task, NOW + 120_000, true);
  expect(suspects.unansweredCalls(task, NOW)).toEqual({ calls: 1, at: NOW + 120_000 });
  expect(suspects.unansweredCalls(task, NOW - 1)).toEqual({ calls: 1, at: 0 });
});

it("is not forgotten for tasks about which calls say nothing, however many", () => {
  const suspects = new Suspects();
  const known = { orgId: "o1", indexKey: "k1" };
  for (const at of [1, 2]) suspects.unanswered(known, at, true);
  for (let number = 0; number < 20_000; number++) {
    suspects.unanswered({ orgId: `o${number}`, indexKey: "k2" }, 3, false);
  }
  expect(suspects.has(known)).toBe(true);
  suspects.answered({ orgId: "o5", indexKey: "k2" });
  expect(suspects.count({ orgId: "o5", indexKey: "k2" })).toBeUndefined();
});

describe("a suspect rests", () => {
  const rest = (calls: number, intervalMs: number) => {
    let ms = 0;
    while (isResting({ calls, at: 1_000_000 }, intervalMs, 1_000_000 + ms)) ms += SECOND;
    return ms / SECOND;
  };

  it("not at first, and longer with each further call, up to about an interval of its schedule", () => {
    const hour = 3_600 * SECOND;
    expect([2, 3, 4, 5, 6].map((calls) => rest(calls, hour))).toEqual([0, 45, 135, 315, 675]);
    expect([2, 3, 4, 5, 100, 2_000].map((calls) => rest(calls, 300 * SECOND))).toEqual([
      0, 45, 135, 270, 270, 270,
    ]);
    expect(rest(7, 60 * SECOND)).toBe(54);
  });

  it("only as one", () => {
    expect([undefined, 1, 2, 3].map((calls) => isSuspect(calls ? { calls, at: 0 } : undefined))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
