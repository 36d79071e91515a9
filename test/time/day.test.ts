import { expect, it } from "vitest";
import { DAY_MS } from "../../lib/time/day.ts";

it("a day is from one midnight of UTC to the next, in milliseconds", () => {
  expect(DAY_MS).toBe(Date.UTC(2026, 10, 25) - Date.UTC(2026, 10, 24));
});
