import { expect, it } from "vitest";
import { crowd } from "./crowd.ts";
import { broken } from "./scenario.ts";

it("does not let a crowd in trouble hold up another organisation, in packaged sweeps", async () => {
  const rows = await crowd.run({ size: "short", seed: 1, progress: () => {} });
  expect(rows).toHaveLength(4);
  expect(broken(rows)).toEqual([]);
}, 180_000);
