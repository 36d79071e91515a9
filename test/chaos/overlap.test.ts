import { expect, it } from "vitest";
import { overlap } from "./overlap.ts";
import { broken } from "./scenario.ts";

it("loses nothing and doubles nothing when sweepers meet, and takes no harm from one that wakes up late", async () => {
  const rows = await overlap.run({ size: "short", seed: 1, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(2);
});
