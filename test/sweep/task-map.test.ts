import { expect, it } from "vitest";
import { TaskMap } from "../../lib/sweep/task-map.ts";

const task = (orgId: string, number: number) => ({ orgId, indexKey: `k${number}` });

it("a map by task has a value for each, by organisation", () => {
  const map = new TaskMap<string>(10);
  map.set(task("a", 1), "a1");
  map.set(task("a", 2), "a2");
  map.set(task("b", 1), "b1");
  map.set(task("a", 1), "changed");
  expect([map.get(task("a", 1)), map.get(task("b", 1)), map.get(task("b", 2))]).toEqual([
    "changed",
    "b1",
    undefined,
  ]);
  expect([...map.of("a")]).toEqual([
    ["k1", "changed"],
    ["k2", "a2"],
  ]);
  map.delete(task("b", 1));
  map.delete(task("b", 1));
  map.delete(task("c", 1));
  expect([map.get(task("b", 1)), map.of("b").size, map.of("a").size]).toEqual([undefined, 0, 2]);
});

it("the first tasks are forgotten when there are too many, each counted once", () => {
  const map = new TaskMap<true>(5);
  const add = (orgId: string, number: number) => map.set(task(orgId, number), true);
  for (const number of [0, 1, 2]) add("first", number);
  map.delete(task("first", 1));
  map.delete(task("unknown", 1));
  for (const number of [0, 1, 2, 0]) add("other", number);
  expect(map.get(task("first", 0))).toBe(true);
  for (const [added, forgotten] of [["a", 0] as const, ["b", 2] as const]) {
    add(added, 0);
    expect(map.get(task("first", forgotten))).toBeUndefined();
  }
  expect(map.get(task("other", 0))).toBe(true);
  add("c", 0);
  expect([map.get(task("other", 0)), map.get(task("other", 1)), map.get(task("a", 0))]).toEqual([
    undefined,
    true,
    true,
  ]);
});
