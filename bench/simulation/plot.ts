import * as vega from "vega";

/** A point of the plot: one waiter under one distribution. */
export interface Point {
  waiter: string;
  durations: string;
  checks: number;
  /** In percent. */
  delay: number;
}

/** Draws checks against the delay's 95th percentile as SVG: what is further left and lower is better. */
export function plot(points: Point[]): Promise<string> {
  const spec: vega.Spec = {
    width: 560,
    height: 360,
    padding: 10,
    background: "white",
    data: [{ name: "points", values: points }],
    scales: [
      scale("x", "checks", "width"),
      scale("y", "delay", "height"),
      ordinal("color", "waiter", { scheme: "category10" }),
      ordinal("shape", "durations", ["circle", "square", "triangle-up"]),
    ],
    axes: [
      { orient: "bottom", scale: "x", grid: true, title: "mean checks per task (log)", tickCount: 5 },
      {
        orient: "left",
        scale: "y",
        grid: true,
        title: "95th percentile of delay over run time, % (log)",
        tickCount: 5,
      },
    ],
    legends: [
      { fill: "color", title: "waits by" },
      { shape: "shape", title: "durations" },
    ],
    marks: [
      {
        type: "symbol",
        from: { data: "points" },
        encode: {
          enter: {
            x: { scale: "x", field: "checks" },
            y: { scale: "y", field: "delay" },
            fill: { scale: "color", field: "waiter" },
            shape: { scale: "shape", field: "durations" },
            size: { value: 120 },
            fillOpacity: { value: 0.8 },
          },
        },
      },
    ],
  };
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}

function scale(name: string, field: string, range: "width" | "height"): vega.Scale {
  return { name, type: "log", domain: { data: "points", field }, range, nice: true };
}

function ordinal(name: string, field: string, range: string[] | { scheme: string }): vega.Scale {
  return { name, type: "ordinal", domain: { data: "points", field }, range };
}
