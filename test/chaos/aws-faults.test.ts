import { expect, it } from "vitest";
import { awsFaults } from "./aws-faults.ts";
import { broken } from "./scenario.ts";

it("loses nothing and reports correct figures when AWS fails at any step of a sweep", async () => {
  const rows = await awsFaults.run({ size: "short", seed: 1, progress: () => {} });
  expect(broken(rows)).toEqual([]);
  for (const { tried, times } of rows) expect(times, tried).toBeGreaterThan(0);
}, 120_000);
