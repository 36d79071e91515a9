import { expect, it } from "vitest";
import { broken } from "../scenario.ts";
import { stored } from "./stored.ts";

it("skips what no version could have written, and is not stopped by it", async () => {
  const rows = await stored.run({ size: "short", seed: 20261124, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  expect(rows).toHaveLength(2);
});
