import { expect, it } from "vitest";
import { Suspects } from "../../lib/sweep/suspects.ts";

const MOST = 20_000;

it("remembers a task from a call without an answer to one with an answer", () => {
  const suspects = new Suspects();
  const task = { orgId: "o1", indexKey: "k1" };
  expect(suspects.has(task)).toBe(false);
  suspects.add(task);
  suspects.add(task);
  suspects.add({ orgId: "o1", indexKey: "k2" });
  expect(suspects.has(task)).toBe(true);
  expect(suspects.has({ orgId: "o2", indexKey: "k1" })).toBe(false);
  expect([...suspects.of("o1")]).toEqual(["k1", "k2"]);
  suspects.remove({ orgId: "o2", indexKey: "k1" });
  suspects.remove({ orgId: "o1", indexKey: "unknown" });
  suspects.remove(task);
  expect(suspects.has(task)).toBe(false);
  expect([...suspects.of("o1")]).toEqual(["k2"]);
  suspects.remove({ orgId: "o1", indexKey: "k2" });
  expect([...suspects.of("o1")]).toEqual([]);
});

it("forgets the first tasks when there are too many, and counts each once", () => {
  const suspects = new Suspects();
  const add = (orgId: string, number: number) => suspects.add({ orgId, indexKey: `k${number}` });
  const isKnown = (orgId: string, number: number) => suspects.has({ orgId, indexKey: `k${number}` });
  for (const number of [0, 1, 2]) add("first", number);
  suspects.remove({ orgId: "first", indexKey: "k1" });
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
