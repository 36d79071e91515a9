import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawPlot, type Point } from "../../bench/harness/plot.ts";

const SIZE = { width: 300, height: 200 };
const value = fc.oneof(
  fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
  fc.constantFrom(0, 1, 60, 100, 1e-3, Number.NaN, Number.POSITIVE_INFINITY),
);
const points: fc.Arbitrary<Point[]> = fc.array(fc.record({ x: value, y: value }), { maxLength: 20 });

function drawn(scale: "linear" | "log", all: Point[]): { svg: string; places: Point[]; labels: string[] } {
  const svg = drawPlot({
    ...SIZE,
    x: { title: "x", scale },
    y: { title: "y", scale },
    marks: all.map((at) => ({ at, color: "navy" })),
  });
  const places = [...svg.matchAll(/translate\(([-\d.]+),([-\d.]+)\)" fill/g)];
  return {
    svg,
    places: places.map(([, x, y]) => ({ x: Number(x), y: Number(y) })),
    labels: [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, label]) => label as string),
  };
}

describe("a plot", () => {
  it("has every finite point between its axes, and at least two ticks on each", () => {
    fc.assert(
      fc.property(fc.constantFrom("linear" as const, "log" as const), points, (scale, all) => {
        const { svg, places, labels } = drawn(scale, all);
        expect(places).toHaveLength(
          all.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)).length,
        );
        for (const { x, y } of places) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThanOrEqual(SIZE.width);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThanOrEqual(SIZE.height);
        }
        expect(labels.length).toBeGreaterThanOrEqual(6);
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      }),
      // Values that differ in their last digit alone.
      { examples: [["linear", [1, 1 + Number.EPSILON].map((x) => ({ x, y: 1e-6 * x }))]] },
    );
  });

  it("keeps the order of values, to the right and upwards", () => {
    const { places } = drawn("log", [
      { x: 1, y: 1 },
      { x: 10, y: 10 },
      { x: 100, y: 100 },
    ]);
    expect(places.map(({ x }) => x)).toEqual([0, 150, 300]);
    expect(places.map(({ y }) => y)).toEqual([200, 100, 0]);
  });

  it("labels rows, and escapes text", () => {
    const svg = drawPlot({
      ...SIZE,
      x: { scale: "linear", includes: [0, 1] },
      y: { scale: ["a < b & c", "second"] },
      marks: [],
      legends: [{ title: "<what>", entries: [{ label: "line", color: "red" }] }],
    });
    expect(svg).toContain("a &#60; b &#38; c");
    expect(svg).toContain("&#60;what&#62;");
    expect(svg.match(/<(?!\/)/g)?.length).toBe(
      (svg.match(/<\//g)?.length ?? 0) + (svg.match(/\/>/g)?.length ?? 0),
    );
  });
});
