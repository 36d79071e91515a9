import { expect, it } from "vitest";
import { ageOf, moment } from "../../lib/time/moment.ts";

const HOUR = 3_600_000;

it("counts the time by the clock that shows more: the machine was frozen, or its clock set back", () => {
  const then = moment(() => 0);
  expect(then.wall).toBe(0);
  expect(ageOf(then, () => HOUR)).toBe(HOUR);
  expect(ageOf({ ...then, wall: HOUR }, () => 3 * HOUR)).toBe(2 * HOUR);

  const earlier = { wall: HOUR, steady: performance.now() - 10 * HOUR };
  expect(ageOf(earlier, () => 0)).toBeGreaterThanOrEqual(10 * HOUR);
});
