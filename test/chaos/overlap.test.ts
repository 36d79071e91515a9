import { expect, it } from "vitest";
import { overlap } from "./overlap.ts";
import { broken } from "./scenario.ts";

it("loses and duplicates nothing when sweepers overlap, and is not harmed by one that wakes up late", async () => {
  const rows = await overlap.run({ size: "short", seed: 1, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(2);
});
