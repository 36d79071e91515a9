import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const FOLDER = new URL("../../lib/sweep/", import.meta.url);

it("has every file of the folder in its map, and no other", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".ts"));
  const map = readFileSync(new URL("README.md", FOLDER), "utf8");
  const named = [...map.matchAll(/\]\(([a-z-]+\.ts)\)/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(files.toSorted());
});
