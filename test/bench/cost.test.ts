import { expect, it } from "vitest";
import { cost } from "../../bench/scale/cost.ts";
import type { Outcome } from "../../bench/scale/run.ts";

const total = (value: number) => ({ total: value });

it("the cost extrapolates what was used to a month, at list prices", () => {
  const minute = { invokedSeconds: 45 };
  const { checking, turnover } = cost({
    scenario: { memory: 512, sweepers: 2 },
    minutes: [minute, minute],
    usage: {
      reads: total(1_200),
      recordWrites: total(120),
      taskWrites: total(120),
      events: total(60),
    },
    arrivalsPerSecond: 1,
  } as unknown as Outcome);
  // Two minutes of a month that has 21,900 times as many.
  const times = 21_900 / 1e6;
  const gbSecond = 13.3334;
  expect(checking).toBeCloseTo((90 * 0.5 * gbSecond + 4 * 1.2 + 1_200 * 0.125 + 120 * 0.625) * times, 6);
  // 120 tasks began, each with a call of 30 ms and a write to the table and to the index.
  const begun = 120 * (1 + 0.2 + 0.03 * 0.5 * gbSecond + 2 * 0.625);
  expect(turnover).toBeCloseTo((begun + 2 * 120 * 0.625 + 60 * 0.5) * times, 6);
});
