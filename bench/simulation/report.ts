import { table } from "../harness/markdown.ts";
import { repeated } from "../harness/statistics.ts";
import { DURATIONS } from "./durations.ts";
import { ours } from "./ours.ts";
import { FIXED_MINUTE, PEERS } from "./peers.ts";
import { type Point, plot } from "./plot.ts";
import { type Run, run } from "./run.ts";
import { targets } from "./targets.ts";

/** How much is simulated. */
export interface Extent {
  tasks: number;
  seeds: number[];
}

/** Simulates every waiter under every distribution: the report's text, and the plot that it shows. */
export async function simulate(
  { tasks, seeds }: Extent,
  plotName: string,
): Promise<{ text: string; svg: string }> {
  const points: Point[] = [];
  const sections = DURATIONS.map((durations) => {
    const measured = [ours, ...PEERS].map((waiter) => ({
      name: waiter.name,
      runs: seeds.map((seed) => run(waiter, durations, tasks, seed)),
    }));
    const runsOf = (name: string) => measured.find((one) => one.name === name)?.runs ?? [];
    for (const { name, runs } of measured) {
      const checks = repeated(runs.map((one) => one.checks)).median;
      const delay = repeated(runs.map((one) => one.delayP95)).median * 100;
      points.push({ waiter: name, durations: durations.name, checks, delay });
    }
    const verdicts = targets({
      ours: runsOf(ours.name),
      minute: runsOf(FIXED_MINUTE.name),
      peers: measured.filter(({ name }) => name !== ours.name),
    });
    return [
      `### ${durations.name}: ${durations.definition}`,
      table(
        HEAD,
        measured.map(({ name, runs }) => [name, ...cells(runs)]),
      ),
      table(
        ["target", "measured", "met"],
        verdicts.map(({ target, measured, met }) => [target, measured, met ? "yes" : "**no**"]),
      ),
    ].join("\n\n");
  });
  const svg = plot(points);
  return {
    text: [intro(tasks, seeds.length), ...sections, `![Checks and delay](${plotName})`].join("\n\n"),
    svg,
  };
}

const HEAD = [
  "waits by",
  "checks per task",
  "delay/run time, median (%)",
  "delay/run time, p95 (%)",
  "longest delay (s)",
  "above its schedule's bound by at most (s)",
];

function cells(runs: Run[]): string[] {
  const spread = (pick: (run: Run) => number, digits: number) => {
    const { median, least, most } = repeated(runs.map(pick));
    return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
  };
  const excess = Math.max(...runs.map((one) => one.excess));
  return [
    spread((one) => one.checks, 2),
    spread((one) => one.delayMedian * 100, 2),
    spread((one) => one.delayP95 * 100, 2),
    spread((one) => one.longest / 1000, 1),
    excess > 0.001 ? (excess / 1000).toFixed(1) : "never",
  ];
}

function intro(tasks: number, runs: number): string {
  return `## Checks per task and detection delay

Simulated, not timed: ${tasks.toLocaleString("en")} tasks a run, ${runs} runs with a seed each; every way to wait gets the same tasks. Figures are the median of the runs, with the least and the most. The delay is from a task's end to the first check after it; a check takes no time, and every check is answered. A task begins when it is tracked.

${[ours, ...PEERS].map(({ name, definition }) => `- **${name}**: ${definition}.`).join("\n")}

The service's bound is the time from a check to when the next is due, which is 20 % of the task's age within a minute and 15 minutes, and one sweep interval, since the sweep that checks comes so much later at most. For a task's first check it is one sweep interval. No way to wait that checks every 60 s can be better than fixed 60 s in the delay: that is the limit of a sweep every minute.`;
}
