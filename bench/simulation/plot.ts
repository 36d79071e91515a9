import { colorOf, drawPlot, type Shape } from "../harness/plot.ts";

/** The data of one distribution's plot. */
export interface PlotOptions {
  /** A title of one sentence. */
  title: string;
  /** The least possible mean delay for a number of checks per task, in milliseconds. */
  least: (checks: number) => number;
  points: Point[];
}

/** One way to wait. */
export interface Point {
  name: string;
  checks: number;
  /** Mean, in milliseconds. */
  delay: number;
  isOurs: boolean;
}

/** Five, so that points close to each other differ in shape. */
const SHAPES: Shape[] = ["circle", "square", "triangle", "diamond", "bar"];
/** The range in which the optimum is drawn, relative to the points, and its resolution. */
const MARGIN = 1.25;
const STEPS = 40;

/**
 * Draws checks against the mean delay as SVG, ours filled and the others hollow, with the optimum as a line. Further left
 * and lower is better; only with callbacks can a point be below the line.
 */
export function plot({ title, least, points }: PlotOptions): string {
  const style = (index: number, { isOurs }: Point) => ({
    color: colorOf(index),
    shape: SHAPES[index % SHAPES.length] as Shape,
    isHollow: !isOurs,
  });
  const from = Math.min(...points.map(({ checks }) => checks)) / MARGIN;
  const ratio = (Math.max(...points.map(({ checks }) => checks)) * MARGIN) / from;
  const line = Array.from({ length: STEPS + 1 }, (_, step) => {
    const checks = from * ratio ** (step / STEPS);
    return { x: checks, y: least(checks) / 1000 };
  });
  return drawPlot({
    title,
    width: 520,
    height: 320,
    x: { title: "checks a task (log)", scale: "log" },
    y: { title: "mean delay, s (log)", scale: "log" },
    marks: [
      { through: line, color: OPTIMUM_COLOR },
      ...points.map((point, index) => ({
        at: { x: point.checks, y: point.delay / 1000 },
        ...style(index, point),
      })),
    ],
    legends: [
      {
        title: "waits by",
        entries: [
          ...points.map((point, index) => ({ label: point.name, ...style(index, point) })),
          { label: "the optimum", color: OPTIMUM_COLOR },
        ],
      },
    ],
  });
}

const OPTIMUM_COLOR = "#333";
