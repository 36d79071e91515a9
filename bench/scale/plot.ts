import * as vega from "vega";
import { number } from "./figures.ts";
import type { Outcome } from "./run.ts";

/** Draws the lag, minute by minute, as SVG: a line that rises is a service that falls behind. */
export function plot(outcomes: readonly Outcome[]): Promise<string> {
  const points = outcomes.flatMap(({ scenario, minutes }) =>
    minutes.map(({ lagSeconds }, index) => ({
      scenario: `${number(scenario.tasks)}: ${scenario.name}`,
      minute: index + 1,
      lag: lagSeconds,
    })),
  );
  const spec: vega.Spec = {
    width: 560,
    height: 320,
    padding: 10,
    background: "white",
    data: [{ name: "points", values: points }],
    scales: [
      { name: "x", type: "log", domain: { data: "points", field: "minute" }, range: "width" },
      { name: "y", type: "log", domain: { data: "points", field: "lag" }, range: "height", nice: true },
      {
        name: "color",
        type: "ordinal",
        domain: { data: "points", field: "scenario" },
        range: { scheme: "category10" },
      },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: "minute (log)", tickCount: 6 },
      { orient: "left", scale: "y", grid: true, title: "watermark lag, s (log); 60 is none", tickCount: 6 },
    ],
    legends: [{ stroke: "color", title: "open tasks: settings", symbolType: "stroke" }],
    marks: [
      {
        type: "group",
        from: { facet: { name: "lines", data: "points", groupby: "scenario" } },
        marks: [
          {
            type: "line",
            from: { data: "lines" },
            encode: {
              enter: {
                x: { scale: "x", field: "minute" },
                y: { scale: "y", field: "lag" },
                stroke: { scale: "color", field: "scenario" },
                strokeWidth: { value: 2 },
              },
            },
          },
        ],
      },
    ],
  };
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}
