import { expect, it } from "vitest";
import { cutShort } from "./cut-short.ts";
import { broken } from "./scenario.ts";

it("finishes in later sweeps what a sweep had no time for", async () => {
  expect(broken(await cutShort.run({ size: "short", seed: 20261124, progress: () => {} }))).toEqual([]);
});
