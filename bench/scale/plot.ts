import { colorOf, drawPlot } from "../harness/plot.ts";
import { number } from "./figures.ts";
import type { Outcome } from "./run.ts";

/** Draws the lag, minute by minute, as SVG: a line that rises is a service that falls behind. */
export function plot(outcomes: readonly Outcome[]): string {
  return drawPlot({
    width: 560,
    height: 320,
    x: { title: "minute (log)", scale: "log" },
    y: { title: "lag that is told, s (log)", scale: "log" },
    marks: outcomes.map(({ minutes }, index) => ({
      through: minutes.map(({ lagSeconds }, minute) => ({ x: minute + 1, y: Math.max(1, lagSeconds) })),
      color: colorOf(index),
    })),
    legends: [
      {
        title: "open tasks: settings",
        entries: outcomes.map(({ scenario }, index) => ({
          label: `${number(scenario.tasks)}: ${scenario.name}`,
          color: colorOf(index),
        })),
      },
    ],
  });
}
