import { expect, it } from "vitest";
import { churn } from "./churn.ts";
import { broken } from "./scenario.ts";

it("announces the end for the last start of tracking if a task is deleted and put again during sweeps", async () => {
  expect(broken(await churn.run({ size: "short", seed: 20261124, progress: () => {} }))).toEqual([]);
});
