/** A plot: two axes, marks, and a legend. */
export interface Plot {
  /** A title of one sentence. */
  title?: string;
  /** The size of the area between the axes, in pixels. */
  width: number;
  height: number;
  x: Axis;
  y: Axis;
  /** Drawn in this order. */
  marks: Mark[];
  legends?: Legend[];
}

/** An axis of numbers, which covers all marks, or of names, the first of which has position 0. */
export interface Axis {
  title?: string;
  scale: "linear" | "log" | string[];
  /** Values that the axis must include even without a mark there. */
  includes?: number[];
}

/** A mark at one position, or a line through several. Marks whose position is not finite are omitted. */
export type Mark =
  | { at: Point; color: string; shape?: Shape; isHollow?: boolean }
  | { through: Point[]; color: string; strokeWidth?: number };

export interface Point {
  x: number;
  y: number;
}

export type Shape = "circle" | "square" | "triangle" | "diamond" | "bar";

/** An entry of the legend: a colour, a shape or both; without a shape it is a line. */
export interface Legend {
  title: string;
  entries: { label: string; color?: string; shape?: Shape; isHollow?: boolean }[];
}

const COLORS = [
  "#1f77b4",
  "#ff7f0e",
  "#2ca02c",
  "#d62728",
  "#9467bd",
  "#8c564b",
  "#e377c2",
  "#7f7f7f",
  "#bcbd22",
  "#17becf",
];

/** The colour of a series, by its number; there are ten. */
export function colorOf(series: number): string {
  return COLORS[series % COLORS.length] as string;
}

const PADDING = 12;
const FONT_SIZE = 11;
/** The width of an average character, in pixels: SVG offers no measurement. */
const CHARACTER = 6.2;
const LINE = 16;
const GRID = "#ddd";

/** Draws a plot as SVG. */
export function drawPlot({ title = "", width, height, x, y, marks, legends = [] }: Plot): string {
  const points = marks.flatMap((mark) => ("at" in mark ? [mark.at] : mark.through)).filter(isFinitePoint);
  const across = scaleOf(
    x,
    points.map((point) => point.x),
    [0, width],
  );
  const up = scaleOf(
    y,
    points.map((point) => point.y),
    Array.isArray(y.scale) ? [0, height] : [height, 0],
  );
  const left = PADDING + longest(up.ticks.map(({ label }) => label)) + (y.title ? LINE + 6 : 6);
  const right =
    legends.length === 0
      ? PADDING
      : 2 * PADDING +
        20 +
        longest(legends.flatMap(({ title, entries }) => [title, ...entries.map((e) => e.label)]));
  const top = title ? PADDING + LINE + 6 : PADDING;
  const bottom = PADDING + LINE + (x.title ? LINE + 6 : 6);
  const place = (point: Point) => `${round(across.at(point.x))},${round(up.at(point.y))}`;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(Math.max(left + width + right, 2 * PADDING + 1.1 * longest([title])))}" height="${top + height + bottom}" font-family="sans-serif" font-size="${FONT_SIZE}">`,
    '<rect width="100%" height="100%" fill="white"/>',
    title && `<text x="${PADDING}" y="${PADDING + FONT_SIZE}" font-weight="bold">${escaped(title)}</text>`,
    `<g transform="translate(${round(left)},${top})">`,
    ...across.ticks.map(
      ({ at, label }) =>
        `<path d="M${at},0V${height + 5}" stroke="${GRID}"/>${text(at, height + LINE, label, "middle")}`,
    ),
    ...up.ticks.map(
      ({ at, label }) => `<path d="M-5,${at}H${width}" stroke="${GRID}"/>${text(-8, at + 4, label, "end")}`,
    ),
    `<path d="M0,0V${height}H${width}" fill="none" stroke="#888"/>`,
    text(width / 2, height + 2 * LINE + 4, x.title ?? "", "middle"),
    y.title
      ? `<g transform="translate(${round(FONT_SIZE - left + PADDING)},${height / 2}) rotate(-90)">${text(0, 0, y.title, "middle")}</g>`
      : "",
    ...marks.map((mark) => {
      if ("at" in mark) return isFinitePoint(mark.at) ? symbol(place(mark.at), mark) : "";
      const through = mark.through.filter(isFinitePoint).map(place);
      if (through.length < 2) return "";
      return `<path d="M${through.join("L")}" fill="none" stroke="${mark.color}" stroke-width="${mark.strokeWidth ?? 2}"/>`;
    }),
    ...legendLines(legends, width + PADDING),
    "</g>",
    "</svg>",
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

/** The positions of values on an axis, in pixels, and its ticks. */
interface Scale {
  at(value: number): number;
  ticks: { at: number; label: string }[];
}

function scaleOf({ scale, includes = [] }: Axis, values: number[], range: [number, number]): Scale {
  const [start, end] = range;
  if (Array.isArray(scale)) {
    const step = (end - start) / Math.max(1, scale.length);
    const at = (value: number) => round(start + (value + 0.5) * step);
    return { at, ticks: scale.map((label, index) => ({ at: at(index), label })) };
  }
  const all = [...values, ...includes].filter((value) => scale === "linear" || value > 0);
  const least = all.length > 0 ? Math.min(...all) : 1;
  const most = all.length > 0 ? Math.max(...all) : 10;
  const ticks = scale === "log" ? logTicks(least, most) : linearTicks(least, most);
  const measure = scale === "log" ? Math.log : (value: number) => value;
  const from = measure(ticks[0] as number);
  const to = measure(ticks.at(-1) as number);
  const at = (value: number) => {
    // A logarithmic axis cannot show 0, so it is drawn at the edge.
    const within = scale === "log" && value <= 0 ? from : measure(value);
    return round(start + ((within - from) / (to - from)) * (end - start));
  };
  return { at, ticks: ticks.map((value) => ({ at: at(value), label: shorten(value) })) };
}

/** 1, 2 and 5 of each decade, or only 1 if there are many decades; the first and last tick enclose the values. */
function logTicks(least: number, most: number): number[] {
  const many = Math.log10(most / least) > 4;
  const steps = many ? [1] : [1, 2, 5];
  const first = Math.floor(Math.log10(least));
  const last = Math.ceil(Math.log10(most)) + 1;
  const all = Array.from({ length: last - first + 1 }, (_, index) =>
    steps.map((step) => Number(`${step}e${first + index}`)),
  ).flat();
  return enclosing(all, least, most);
}

function linearTicks(least: number, most: number): number[] {
  // Values that hardly differ are treated as one: the ticks' digits could not show the difference.
  const extent = most - least > 1e-9 * Math.abs(most) ? most - least : Math.abs(most) || 1;
  const rough = extent / 5;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * decade >= rough) ?? 10) * decade;
  const first = Math.floor(least / step) - 1;
  const all = Array.from({ length: Math.ceil(most / step) + 2 - first }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
  return enclosing(all, least, most);
}

/** From the last tick not above the least value to the first not below the greatest; at least two. */
function enclosing(ticks: number[], least: number, most: number): number[] {
  const from = ticks.findLastIndex((tick) => tick <= least);
  const to = ticks.findIndex((tick) => tick >= most && tick > (ticks[from] as number));
  return ticks.slice(Math.max(0, from), to === -1 ? undefined : to + 1);
}

function legendLines(legends: Legend[], x: number): string[] {
  let y = 0;
  return legends.flatMap(({ title, entries }) => {
    y += LINE;
    const head = `<text x="${x}" y="${y}" font-weight="bold">${escaped(title)}</text>`;
    const rows = entries.map(({ label, color = "#555", shape, isHollow = false }) => {
      y += LINE;
      const sign = shape
        ? symbol(`${x + 7},${y - 4}`, { color, shape, isHollow })
        : `<path d="M${x},${y - 4}h14" stroke="${color}" stroke-width="2"/>`;
      return sign + text(x + 20, y, label, "start");
    });
    y += LINE / 2;
    return [head, ...rows];
  });
}

const OUTLINES: Record<Shape, string> = {
  circle: '<circle r="5"/>',
  square: '<rect x="-4.5" y="-4.5" width="9" height="9"/>',
  triangle: '<path d="M0,-6L5.5,4.5H-5.5Z"/>',
  bar: '<rect x="-7" y="-2.5" width="14" height="5"/>',
  diamond: '<path d="M0,-6.5L6.5,0L0,6.5L-6.5,0Z"/>',
};

interface Look {
  color: string;
  shape?: Shape;
  isHollow?: boolean;
}

function symbol(place: string, { color, shape = "circle", isHollow = false }: Look): string {
  const paint = isHollow
    ? `fill="none" stroke="${color}" stroke-width="2"`
    : `fill="${color}" fill-opacity="0.8"`;
  return `<g transform="translate(${place})" ${paint}>${OUTLINES[shape]}</g>`;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return content && `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function longest(labels: string[]): number {
  return CHARACTER * Math.max(0, ...labels.map(({ length }) => length));
}

/** At most three decimal places, and k, M and G for thousands. */
function shorten(value: number): string {
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

function isFinitePoint({ x, y }: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

/** A tenth of a pixel is precise enough to look at. */
function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
