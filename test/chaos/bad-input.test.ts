import { expect, it } from "vitest";
import { badInputs } from "./bad-input.ts";
import { broken } from "./scenario.ts";

it("answers any input as documented, and lets none decide what EnOS is asked or show another's records", async () => {
  const rows = await badInputs.run({ size: "short", seed: 20261124, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(5);
});
