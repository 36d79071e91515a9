/** `npm run bench`: measures everything that is claimed about speed and cost. Needs only `npm ci`. */
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { markdownTable } from "markdown-table";
import { commandLine } from "../infra/program/command-line.ts";
import { useOwnTemporaryFolder } from "../local/harness/temporary-folder.ts";
import { tell } from "./harness/progress.ts";
import { type Row, rowsTable } from "./harness/row.ts";
import { plotRows } from "./harness/row-plot.ts";
import { repeated } from "./harness/statistics.ts";
import { Testbed } from "./harness/testbed.ts";
import { clientCosts } from "./measured/client-cost.ts";
import { type ColdStart, type ColdTimes, coldStart } from "./measured/cold-start.ts";
import { hints } from "./measured/hint.ts";
import { lookup } from "./measured/lookup.ts";
import { memory } from "./measured/memory.ts";
import { price } from "./measured/price.ts";
import { type SweepSpeed, sweepSpeed, TASKS } from "./measured/sweep-speed.ts";
import { sweepers } from "./measured/sweepers.ts";
import { waiting } from "./measured/waiting.ts";
import { writes } from "./measured/writes.ts";
import { roundsPrice } from "./price/rounds.ts";
import { simulate, report as simulationReport } from "./simulation/report.ts";

commandLine("Measures speed, memory, cold starts and cost, and writes bench/report.md: npm run bench", {});
useOwnTemporaryFolder();

const TARGETS_PLOT = "targets.svg";

tell("checks and delay, simulated");
const extent = { tasks: 20_000, sequences: 30, seeds: [1, 2, 3] };
const simulated = simulationReport(simulate(extent), extent);
const cold = await coldStart();
const { speed, prices, lookups } = await onOneStage();
const peaks = await memory();
const costs = await clientCosts();
const rows = [
  ...lookups,
  ...speed.rows,
  ...(await writes()),
  ...costs.rows,
  ...peaks.rows,
  ...cold.rows,
  ...prices.rows,
  ...(await sweepers()),
  ...(await hints()),
];
const report = [
  "# Benchmark",
  `Written by \`npm run bench\` in ${Math.round(performance.now() / 1000)} s on ${availableParallelism()} processors, Node ${process.versions.node}.`,
  "## Speed, memory and cost",
  method(),
  rowsTable(rows),
  `![Shares of the targets](${TARGETS_PLOT})`,
  remarks(speed, cold, peaks.text, costs.text),
  `### Price\n\n${prices.text}\n\n${await roundsPrice()}`,
  simulated.text,
].join("\n\n");
for (const [name, svg] of simulated.plots) await writeFile(new URL(name, import.meta.url), svg);
await writeFile(new URL(TARGETS_PLOT, import.meta.url), plotRows(rows));
await writeFile(new URL("report.md", import.meta.url), `${report}\n`);
console.log(report);

async function onOneStage(): Promise<{
  speed: SweepSpeed;
  prices: { rows: Row[]; text: string };
  lookups: Row[];
}> {
  await using testbed = await Testbed.start();
  const lookups = [...(await lookup(testbed)), await waiting(testbed)];
  const speed = await sweepSpeed(testbed);
  return { lookups, speed, prices: await price(testbed, TASKS) };
}

function method(): string {
  return "The packaged functions, unzipped, against peers: each in a process of its own, in turn, on the same EnOS simulator and DynamoDB emulator, which run in processes of their own too. Every figure is a ratio within one pair of runs; the median counts. Where a target lies between the least and the most, the median of another run may be on its other side. Processors are shared by all of them, so at 0 ms the simulator takes its part of the machine.";
}

function remarks(
  { checkedCpu, notDueCpu }: SweepSpeed,
  { times }: ColdStart,
  peaks: string,
  costs: string,
): string {
  const us = (runs: number[]) => {
    const { median, least, most } = repeated(runs);
    return `${median.toFixed(1)} µs (${least.toFixed(1)}–${most.toFixed(1)})`;
  };
  const ms = ({ importing, answering }: ColdTimes["own"]) =>
    `${importing.toFixed(0)} + ${answering.toFixed(0)}`;
  const starts = times.map(({ name, own, plain, withCache }) => [
    name,
    ms(own),
    ms(plain),
    withCache.toFixed(2),
  ]);
  return `CPU in a sweep at 0 ms: ${us(checkedCpu)} a checked task, ${us(notDueCpu)} a young task that is not due.

${costs}

### Memory

${peaks}

### Cold starts

The straightforward bundle is the same function with packages by their entry points and esbuild's own defaults for Node. Ours leaves out what a function cannot get to use (\`infra/bundle/\`), and has its packages' ES modules shaken. The first answer takes much the same of both: that is the AWS SDK's own work, and what it waits for.

${markdownTable([["function", "import + first answer (ms)", "straightforward (ms)", "with a compile cache, of the time without"], ...starts])}

The compile cache was made on the same machine. It is not shipped: Node takes it only under the same version, architecture and user id as made it, and the machine that packages has other ones than Lambda.`;
}
