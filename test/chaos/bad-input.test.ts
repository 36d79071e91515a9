import { expect, it } from "vitest";
import { badInputs } from "./bad-input.ts";
import { broken } from "./scenario.ts";

it("answers whatever callers send, and lets none of it through", async () => {
  const rows = await badInputs.run({ size: "short", seed: 20261124, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(5);
});
