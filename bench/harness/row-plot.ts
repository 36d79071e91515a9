import { drawPlot } from "./plot.ts";
import type { Row } from "./row.ts";
import { repeated } from "./statistics.ts";

/** Draws each row relative to its target as SVG, with median and range: left of 1 it is met. */
export function plotRows(rows: Row[]): string {
  const shares = rows.map(({ ratios, target, reach }) =>
    repeated(ratios.map((ratio) => (reach === "at most" ? ratio / target : target / ratio))),
  );
  return drawPlot({
    width: 420,
    height: rows.length * 24,
    x: { title: "share of the target (log): at most 1 is met", scale: "log", includes: [0.9, 1.1] },
    y: { scale: rows.map(({ what, against }) => `${what} / ${against}`) },
    marks: [
      {
        through: [
          { x: 1, y: -0.5 },
          { x: 1, y: rows.length - 0.5 },
        ],
        color: "firebrick",
        strokeWidth: 1,
      },
      ...shares.flatMap(({ least, median, most }, y) => [
        {
          through: [
            { x: least, y },
            { x: most, y },
          ],
          color: "steelblue",
          strokeWidth: 3,
        },
        { at: { x: median, y }, color: "navy" },
      ]),
    ],
  });
}
