import { expect, it } from "vitest";
import { neighbours } from "./neighbours.ts";
import { broken } from "./scenario.ts";

it("finishes the tasks of organisations that are well, whichever shards those in trouble are in", async () => {
  const rows = await neighbours.run({ size: "short", seed: 1, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(4);
});
