import * as vega from "vega";
import type { Row } from "./row.ts";
import { repeated } from "./statistics.ts";

/** Draws each row's share of its target as SVG, median and spread: left of 1 it is met. */
export function plotRows(rows: Row[]): Promise<string> {
  const values = rows.map(({ what, against, ratios, target, reach }) => {
    const shares = ratios.map((ratio) => (reach === "at most" ? ratio / target : target / ratio));
    return { row: `${what} / ${against}`, ...repeated(shares) };
  });
  const place = { scale: "y", field: "row", band: 0.5 };
  const spec: vega.Spec = {
    width: 420,
    height: { signal: `${rows.length} * 24` },
    padding: 10,
    background: "white",
    data: [
      { name: "rows", values },
      { name: "limit", values: [{ at: 1 }] },
    ],
    scales: [
      {
        name: "x",
        type: "log",
        range: "width",
        domain: { fields: [{ data: "rows", field: "least" }, { data: "rows", field: "most" }, [0.9, 1.1]] },
        nice: true,
      },
      { name: "y", type: "band", range: "height", domain: { data: "rows", field: "row" } },
    ],
    axes: [
      { orient: "bottom", scale: "x", grid: true, title: "share of the target (log): at most 1 is met" },
      { orient: "left", scale: "y", labelLimit: 560 },
    ],
    marks: [
      {
        type: "rule",
        from: { data: "limit" },
        encode: {
          enter: {
            x: { scale: "x", field: "at" },
            y: { value: 0 },
            y2: { signal: "height" },
            stroke: { value: "firebrick" },
          },
        },
      },
      {
        type: "rule",
        from: { data: "rows" },
        encode: {
          enter: {
            x: { scale: "x", field: "least" },
            x2: { scale: "x", field: "most" },
            y: place,
            stroke: { value: "steelblue" },
            strokeWidth: { value: 3 },
          },
        },
      },
      {
        type: "symbol",
        from: { data: "rows" },
        encode: {
          enter: {
            x: { scale: "x", field: "median" },
            y: place,
            fill: { value: "navy" },
            size: { value: 60 },
          },
        },
      },
    ],
  };
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}
