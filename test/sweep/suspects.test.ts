import { describe, expect, it } from "vitest";
import { isResting, isSuspect, Suspects } from "../../lib/sweep/suspects.ts";

const MOST = 20_000;
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
  expect([suspects.wasAskedInVain(task), suspects.unansweredCalls(task, 50)]).toEqual([false, undefined]);
  suspects.unanswered(task, 40, true);
  expect(suspects.has(task)).toBe(false);
});

it("calls that say nothing about a task do not make it a suspect, but are remembered", () => {
  const suspects = new Suspects();
  const task = { orgId: "o1", indexKey: "k1" };
  for (const at of [10, 20, 30]) suspects.unanswered(task, at, false);
  expect([suspects.has(task), suspects.unansweredCalls(task, 50)]).toEqual([false, { calls: 0, at: 30 }]);
  expect(suspects.wasAskedInVain(task)).toBe(true);
  for (const at of [40, 50]) suspects.unanswered(task, at, true);
  suspects.unanswered(task, 60, false);
  expect([suspects.has(task), suspects.unansweredCalls(task, 60)]).toEqual([true, { calls: 2, at: 60 }]);
});

it("a call by a clock that was ahead counts as long ago", () => {
  const suspects = new Suspects();
  const task = { orgId: "o1", indexKey: "k1" };
  suspects.unanswered(task, NOW + 120_000, true);
  expect(suspects.unansweredCalls(task, NOW)).toEqual({ calls: 1, at: NOW + 120_000 });
  expect(suspects.unansweredCalls(task, NOW - 1)).toEqual({ calls: 1, at: 0 });
});

it("the first tasks are forgotten when there are too many, each counted once", () => {
  const suspects = new Suspects();
  const add = (orgId: string, number: number) =>
    suspects.unanswered({ orgId, indexKey: `k${number}` }, 0, true);
  const isKnown = (orgId: string, number: number) =>
    suspects.unansweredCalls({ orgId, indexKey: `k${number}` }, 50) !== undefined;
  for (const number of [0, 1, 2]) add("first", number);
  suspects.answered({ orgId: "first", indexKey: "k1" });
  for (let number = 0; number < MOST - 2; number++) add("other", number);
  add("other", 0);
  expect(isKnown("first", 0)).toBe(true);
  for (const [added, forgotten] of [["a", 0] as const, ["b", 2] as const]) {
    add(added, 0);
    expect(isKnown("first", forgotten)).toBe(false);
  }
  expect(isKnown("other", 0)).toBe(true);
  add("c", 0);
  expect([isKnown("other", 0), isKnown("other", 1), isKnown("a", 0)]).toEqual([false, true, true]);
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
