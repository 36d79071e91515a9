import { describe, expect, it } from "vitest";
import { peerPrices, sweepPrice } from "../../bench/price/price.ts";

describe("the price of a million checks", () => {
  it("is the reads, the time and the share of a sweep", () => {
    const { dollars } = sweepPrice({
      readsPerCheck: 3,
      itemBytes: 4096,
      secondsPerCheck: 0.001,
      secondsPerItemNotDue: 0.0001,
      memoryGb: 1,
      checksPerSweep: 1000,
      shards: 4,
    });
    // 1.5 read units; 1.2 ms of a GB; eight writes, 33 reads, a request and a schedule's turn for 1,000 checks.
    expect(dollars).toBeCloseTo(1.5 * 0.125 + 1200 * 0.0000133334 + (8 * 0.625 + 33 * 0.125 + 1.2) / 1000, 9);
  });

  it("is that of the peers' invocations", () => {
    const call = 0.2 + 0.05 * 0.125 * 13.3334;
    expect(peerPrices(0.05).map(({ dollars }) => Number(dollars.toFixed(6)))).toEqual(
      [1 + call, 16 + call, 75 + call].map((dollars) => Number(dollars.toFixed(6))),
    );
  });
});
