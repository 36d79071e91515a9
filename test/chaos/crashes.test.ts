import { expect, it } from "vitest";
import { crashes } from "./crashes.ts";
import { broken } from "./scenario.ts";

it("loses nothing when sweepers are killed at random moments", async () => {
  const rows = await crashes.run({ size: "short", seed: 20261124, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows[0]?.times).toBe(8);
});
