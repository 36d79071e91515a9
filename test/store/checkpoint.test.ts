import { describe, expect, it } from "vitest";
import { MOST_GAPS_OF_RECORD, NEVER_SWEPT, parseCheckpoint } from "../../lib/store/checkpoint.ts";

const KEY = "01a20ada2c001996";

describe("a shard's checkpoint", () => {
  it("can be read back", () => {
    const checkpoint = {
      watermark: 1_795_478_460_000,
      gaps: [
        { from: "", to: KEY, watermark: 0 },
        { from: KEY, to: `${KEY}0`, watermark: 5 },
        { from: "51a20ada2c001996", to: "~", watermark: 1_795_478_400_000 },
      ],
    };
    expect(parseCheckpoint({ pk: "#shards", sk: "0", leaseUntil: 7, ...checkpoint })).toEqual(checkpoint);
    expect(parseCheckpoint({ watermark: 5, gaps: [] })).toEqual({ watermark: 5, gaps: [] });
  });

  it("counts as never swept if it is invalid, which loses nothing", () => {
    expect(NEVER_SWEPT).toEqual({ watermark: 0, gaps: [] });
    const gap = { from: "0", to: "1", watermark: 4 };
    for (const odd of [
      undefined,
      null,
      7,
      "5",
      {},
      { watermark: 5 },
      { gaps: [] },
      { watermark: "soon", gaps: [] },
      { watermark: 1.5, gaps: [] },
      { watermark: -7, gaps: [] },
      { watermark: Number.NaN, gaps: [] },
      { watermark: 2 ** 60, gaps: [] },
      { watermark: 5, gaps: "none" },
      { watermark: 5, gaps: {} },
      { watermark: 5, gaps: [7] },
      { watermark: 5, gaps: [{ from: "0", to: "1" }] },
      { watermark: 5, gaps: [{ ...gap, watermark: -1 }] },
      { watermark: 5, gaps: [{ ...gap, watermark: "4" }] },
      { watermark: 5, gaps: [{ ...gap, from: 0 }] },
    ]) {
      expect(parseCheckpoint(odd), JSON.stringify(odd)).toEqual(NEVER_SWEPT);
    }
  });

  it("has only non-empty spans, in ascending order, without overlap", () => {
    const gaps = (...spans: [string, string][]) => ({
      watermark: 9,
      gaps: spans.map(([from, to]) => ({ from, to, watermark: 4 })),
    });
    for (const good of [gaps(["0", "1"], ["1", "2"]), gaps(["", "~"]), gaps(["f", "~"])]) {
      expect(parseCheckpoint(good)).toEqual(good);
    }
    for (const odd of [
      gaps(["1", "1"]),
      gaps(["2", "1"]),
      gaps(["1", "2"], ["0", "1"]),
      gaps(["0", "2"], ["1", "3"]),
      gaps(["~", "~"]),
      gaps(["0", "x"]),
      gaps(["0", "F"]),
      gaps(["0", "0".repeat(18)]),
    ]) {
      expect(parseCheckpoint(odd), JSON.stringify(odd)).toEqual(NEVER_SWEPT);
    }
  });

  it("is read with the most gaps that a record may have, but not with more", () => {
    const gaps = (count: number) =>
      Array.from({ length: count }, (_, index) => {
        const key = (2 * index).toString(16).padStart(16, "0");
        return { from: key, to: `${key}0`, watermark: 4 };
      });
    const full = { watermark: 9, gaps: gaps(MOST_GAPS_OF_RECORD) };
    expect(parseCheckpoint(full)).toEqual(full);
    expect(parseCheckpoint({ watermark: 9, gaps: gaps(1_000) })).toEqual(NEVER_SWEPT);
  });
});
