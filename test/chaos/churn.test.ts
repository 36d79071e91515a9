import { expect, it } from "vitest";
import { churn } from "./churn.ts";
import { broken } from "./scenario.ts";

it("answers the last start of tracking, though a task is deleted and put again under a running sweep", async () => {
  expect(broken(await churn.run({ size: "short", seed: 20261124, progress: () => {} }))).toEqual([]);
});
