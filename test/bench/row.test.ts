import { describe, expect, it } from "vitest";
import { isMet, type Row, rowsTable } from "../../bench/harness/row.ts";

const row: Row = { what: "a", against: "b", ratios: [0.5, 0.7, 0.9], target: 0.7, reach: "at most" };

describe("a row of the report", () => {
  it("counts by its median, in either direction", () => {
    expect(isMet(row)).toBe(true);
    expect(isMet({ ...row, target: 0.69 })).toBe(false);
    expect(isMet({ ...row, reach: "at least" })).toBe(true);
    expect(isMet({ ...row, reach: "at least", target: 0.71 })).toBe(false);
  });

  it("shows the median, the spread and a missed target", () => {
    const text = rowsTable([{ ...row, target: 0.1 }]);
    expect(text).toContain("0.700");
    expect(text).toContain("0.500–0.900");
    expect(text).toContain("**no**");
  });
});
