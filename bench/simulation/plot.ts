import { colorOf, drawPlot, type Shape } from "../harness/plot.ts";

/** A point of the plot: one waiter under one distribution. */
export interface Point {
  waiter: string;
  durations: string;
  checks: number;
  /** In percent. */
  delay: number;
}

const SHAPES: Shape[] = ["circle", "square", "triangle"];

/** Draws checks against the delay's 95th percentile as SVG: what is further left and lower is better. */
export function plot(points: Point[]): string {
  const waiters = [...new Set(points.map(({ waiter }) => waiter))];
  const durations = [...new Set(points.map(({ durations }) => durations))];
  const color = (waiter: string) => colorOf(waiters.indexOf(waiter));
  const shape = (name: string) => SHAPES[durations.indexOf(name) % SHAPES.length] as Shape;
  return drawPlot({
    width: 560,
    height: 360,
    x: { title: "mean checks per task (log)", scale: "log" },
    y: { title: "95th percentile of delay over run time, % (log)", scale: "log" },
    marks: points.map(({ waiter, durations, checks, delay }) => ({
      at: { x: checks, y: delay },
      color: color(waiter),
      shape: shape(durations),
    })),
    legends: [
      {
        title: "waits by",
        entries: waiters.map((label) => ({ label, color: color(label), shape: "circle" })),
      },
      { title: "durations", entries: durations.map((label) => ({ label, shape: shape(label) })) },
    ],
  });
}
