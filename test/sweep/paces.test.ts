import { expect, it } from "vitest";
import { Paces } from "../../lib/sweep/paces.ts";

it("remembers pace and turn of an organisation, each whatever the other is", () => {
  const paces = new Paces();
  expect([paces.get("o"), paces.lastTurn("o")]).toEqual([undefined, 0]);
  paces.hadTurn("o", 5);
  expect([paces.get("o"), paces.lastTurn("o")]).toEqual([undefined, 5]);
  paces.set("o", "slow");
  paces.hadTurn("o", 9);
  expect([paces.get("o"), paces.lastTurn("o")]).toEqual(["slow", 9]);
  paces.set("o", "quick");
  expect([paces.get("o"), paces.lastTurn("o")]).toEqual(["quick", 9]);
});

it("remembers when an organisation was last answered, whatever else it knows of it", () => {
  const paces = new Paces();
  expect(paces.lastAnswer("o")).toBe(0);
  paces.answered("o", 5);
  paces.set("o", "quick");
  paces.answered("o", 7);
  expect([paces.get("o"), paces.lastAnswer("o"), paces.lastAnswer("other")]).toEqual(["quick", 7, 0]);
});

it("forgets those that were noted longest ago", () => {
  const paces = new Paces();
  for (let number = 0; number < 20_000; number++) paces.set(`o${number}`, "quick");
  paces.hadTurn("o0", 1);
  paces.set("another", "slow");
  expect([paces.get("o0"), paces.get("o1"), paces.get("o2"), paces.get("another")]).toEqual([
    "quick",
    undefined,
    "quick",
    "slow",
  ]);
});
