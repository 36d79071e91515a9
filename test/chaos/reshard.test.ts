import { expect, it } from "vitest";
import { reshard } from "./reshard.ts";
import { broken } from "./scenario.ts";

it("strands no task when the number of shards changes under running sweeps", async () => {
  expect(broken(await reshard.run({ size: "short", seed: 20261124, progress: () => {} }))).toEqual([]);
});
