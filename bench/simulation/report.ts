import { markdownTable } from "markdown-table";
import { median, repeated } from "../harness/statistics.ts";
import { DURATIONS, type Durations } from "./durations.ts";
import { leastDelay, type Performance } from "./optimum.ts";
import { OURS, QUICK, QUICK_UNPUNCTUAL, UNPUNCTUAL, WITH_CALLBACKS } from "./ours.ts";
import { PEERS } from "./peers.ts";
import { plot } from "./plot.ts";
import { drawTasks, type Extent, type Run, run } from "./run.ts";
import { targets } from "./targets.ts";
import type { Waiter } from "./waiter.ts";

const OWN: readonly Waiter[] = [OURS, UNPUNCTUAL, QUICK, QUICK_UNPUNCTUAL, WITH_CALLBACKS];
const WAITERS: readonly Waiter[] = [...OWN, ...PEERS];

/** The results of every way to wait, for one distribution. */
export interface Simulated {
  durations: Durations;
  /** The least possible mean delay in milliseconds for a number of checks per task. */
  least: (checks: number) => number;
  waiters: { name: string; runs: Run[] }[];
}

/** Simulates every way to wait, for every distribution. */
export function simulate({ tasks, sequences, seeds }: Extent): Simulated[] {
  return DURATIONS.map((durations) => {
    const drawn = seeds.map((seed) => ({ seed, tasks: drawTasks(durations, tasks, seed) }));
    const waiters = WAITERS.map((waiter) => ({
      name: waiter.name,
      runs: drawn.map((one) => run(waiter, one.tasks, sequences, one.seed)),
    }));
    return { durations, least: leastDelay(durations), waiters };
  });
}

/** The section of the report, and its plots by file name. */
export function report(
  all: readonly Simulated[],
  extent: Extent,
): { text: string; plots: Map<string, string> } {
  return {
    text: [intro(all, extent), ...all.map(section)].join("\n\n"),
    plots: new Map(all.map((one) => [plotName(one), plotOf(one)])),
  };
}

function plotName({ durations }: Simulated): string {
  return `checks-and-delay-${durations.name}.svg`;
}

/** Draws only those that see every end, since a missed end has no delay. */
function plotOf({ durations, least, waiters }: Simulated): string {
  const points = waiters.flatMap(({ name, runs }) => {
    if (runs.some(({ missed }) => missed > 0)) return [];
    const { checks, delay } = middle(runs);
    return [{ name, checks, delay, isOurs: OWN.some((one) => one.name === name) }];
  });
  const ours = points.find(({ name }) => name === OURS.name) as Performance;
  const efficiency = least(ours.checks) / ours.delay;
  const title = `${durations.name}: ${ours.checks.toFixed(0)} checks a task see its end after ${(ours.delay / 1000).toFixed(0)} s on average, where the best schedule would need ${(efficiency * 100).toFixed(0)} % of that`;
  return plot({ title, least, points });
}

/** The medians of the runs. */
function middle(runs: readonly Run[]): Performance {
  return {
    checks: median(runs.map(({ checks }) => checks)),
    delay: median(runs.map(({ delay }) => delay)),
  };
}

const HEAD = [
  "waits by",
  "checks a task",
  "mean delay (s)",
  "p95 delay (s)",
  "of the optimum",
  "p95 delay/run time (%)",
  "longest between two checks (s)",
  "ends never seen (%)",
];

function section(simulated: Simulated): string {
  const { durations, least, waiters } = simulated;
  const efficiency = ({ checks, delay }: Run) => least(checks) / delay;
  const runsOf = (name: string) => waiters.find((one) => one.name === name)?.runs ?? [];
  const results = targets({
    ours: runsOf(OURS.name),
    withCallbacks: runsOf(WITH_CALLBACKS.name),
    quick: runsOf(QUICK_UNPUNCTUAL.name),
    peers: PEERS.map(({ name }) => ({ name, runs: runsOf(name) })),
    efficiency,
  });
  return [
    `### ${durations.name}: ${durations.definition}`,
    markdownTable([HEAD, ...waiters.map(({ name, runs }) => [name, ...cells(runs, efficiency)])]),
    markdownTable([
      ["target", "measured", "met"],
      ...results.map(({ target, measured, met }) => [target, measured, met ? "yes" : "**no**"]),
    ]),
    `![Checks and delay, ${durations.name}](${plotName(simulated)})`,
  ].join("\n\n");
}

function cells(runs: readonly Run[], efficiency: (run: Run) => number): string[] {
  const of = (pick: (run: Run) => number) => median(runs.map(pick));
  const seconds = (pick: (run: Run) => number) => (of(pick) / 1000).toFixed(1);
  const missed = of((one) => one.missed);
  const checks = of((one) => one.checks);
  // Ways that miss ends, or use callbacks, cannot be compared with schedules that see all ends by checking.
  const isComparable = runs.every((one) => one.missed === 0 && !one.isTold);
  return [
    checks.toFixed(1),
    seconds((one) => one.delay),
    seconds((one) => one.delayP95),
    isComparable ? of(efficiency).toFixed(2) : "",
    (of((one) => one.relativeP95) * 100).toFixed(1),
    checks > 0 ? (of((one) => one.longestInterval) / 1000).toFixed(0) : "",
    missed > 0 ? (missed * 100).toFixed(1) : "none",
  ];
}

function intro(all: readonly Simulated[], { tasks, sequences, seeds }: Extent): string {
  const shares = all.flatMap(({ waiters }) =>
    waiters.map(({ runs }) => {
      const { least, most, median } = repeated(runs.map((one) => one.delay));
      return median === 0 ? 0 : (most - least) / median;
    }),
  );
  return `## Checks and delay

How many checks a task takes and how late its end is seen. Simulated, not timed: ${(tasks * sequences).toLocaleString("en")} tasks a run, ${seeds.length} runs, of which the median is shown; mean delays differ by at most ${(Math.max(...shares) * 100).toFixed(1)} % between runs. The delay is from a task's end to the first check after it; a check takes no time, and every check is answered. A task begins when it is tracked.

${WAITERS.map(({ name, definition }) => `- **${name}**: ${definition}.`).join("\n")}

The optimum is the least mean delay that any schedule with as many checks could have that knows the distribution: an exact dynamic programme finds it (bench/simulation/optimum.ts). No way to wait knows it beforehand, and none that sweeps once a minute can have less than 30 s.`;
}
