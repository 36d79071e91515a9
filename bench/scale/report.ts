import { markdownTable } from "markdown-table";
import { INDEX_ITEM, itemBytes } from "../harness/sample-items.ts";
import { quantile } from "../harness/statistics.ts";
import { PRICES_OF } from "../price/prices.ts";
import {
  CPU_US,
  INVOCATION_MS,
  LATENCY_MS,
  MEMORY_OF_A_VCPU,
  SWEEP_MS,
  TRACK_CALL_MS,
} from "./assumptions.ts";
import { cost } from "./cost.ts";
import type { Rate } from "./rate.ts";
import type { Outcome } from "./run.ts";

/** The outcomes as Markdown: a table for each number of tasks, a column for each scenario. */
export function report(outcomes: readonly Outcome[]): string {
  const scales = Map.groupBy(outcomes, ({ scenario }) => scenario.tasks);
  const sections = Array.from(
    scales,
    ([tasks, ofScale]) => `## ${number(tasks)} open tasks\n\n${table(ofScale)}`,
  );
  return [INTRO, ...sections].join("\n\n");
}

function table(outcomes: readonly Outcome[]): string {
  const columns = outcomes.map(figures);
  const labels = columns[0]?.map(([label]) => label) ?? [];
  return markdownTable([
    ["", ...outcomes.map(({ scenario }) => scenario.name)],
    ...labels.map((label, row) => [label, ...columns.map((column) => column[row]?.[1] ?? "")]),
  ]);
}

/** How a scenario was set and what came of it, by what it is. */
function figures(outcome: Outcome): [label: string, value: string][] {
  const { scenario, minutes, usage, delays, lost, arrivalsPerSecond } = outcome;
  const { checking, turnover } = cost(outcome);
  const seconds = (minutes.length * SWEEP_MS) / 1_000;
  const sweeps = minutes.flatMap(({ summaries }) => summaries);
  const durations = sweeps.map(({ durationMs }) => durationMs / 1_000);
  const aMinute = (what: "read" | "published") =>
    number(sweeps.reduce((sum, one) => sum + one[what], 0) / minutes.length);
  const invoked = minutes.reduce((sum, { invokedSeconds }) => sum + invokedSeconds, 0);
  const last = minutes.at(-1);
  /** In the mean and in the busiest second, beside what goes on all the time. */
  const perSecond = ({ total, peak }: Rate, always = 0) =>
    `${number(total / seconds + always)}, ${number(peak + always)}`;
  return [
    ["run times", scenario.durations.name],
    ["organisations", number(scenario.organisations)],
    ["`SWEEP_SHARDS`", number(scenario.shards)],
    ["`SWEEP_INTERVAL_SECONDS`", number(scenario.intervalSeconds)],
    ["`SWEEPERS`", number(scenario.sweepers)],
    ["`SWEEP_CONCURRENCY`", number(scenario.concurrency)],
    ["`ENOS_REQUESTS_PER_SECOND`", number(scenario.requestsPerSecond)],
    ["memory (MB)", number(scenario.memory)],
    ["minutes counted", number(scenario.minutes)],
    ["tasks read a minute", aMinute("read")],
    ["checks/s: mean, busiest", perSecond(usage.checks)],
    ["ends seen, events a minute", aMinute("published")],
    ["sweep (s): median, longest", `${number(quantile(durations, 0.5))}, ${number(Math.max(...durations))}`],
    ["invocations: share of the time (%)", number((invoked / (seconds * scenario.sweepers)) * 100)],
    [
      `CPU of the busiest invocation (s of ${INVOCATION_MS / 1_000})`,
      number(Math.max(...minutes.map(({ cpuSeconds }) => cpuSeconds))),
    ],
    ["lag that is told at the end (s)", number(last?.lagSeconds ?? 0)],
    ["overdue then (s)", number(last?.overdueSeconds ?? 0)],
    ["delay/run time, p95 (%)", number(quantile(delays, 0.95) * 100)],
    ["ends lost", number(lost)],
    ["index, read units/s: mean, busiest", perSecond(usage.reads)],
    // Whoever starts to track a task writes it, in the table and in the index.
    ["index, and table, write units/s: mean, busiest", perSecond(usage.taskWrites, arrivalsPerSecond)],
    ["the shards' records, write units/s: mean, busiest", perSecond(usage.recordWrites)],
    ["SNS messages/s: mean, busiest", perSecond(usage.events)],
    ["API calls that track/s", number(arrivalsPerSecond)],
    ["Lambda executions at a time", number(scenario.sweepers + (arrivalsPerSecond * TRACK_CALL_MS) / 1_000)],
    ["list price a month of checking ($)", number(checking)],
    ["of beginning and ending tasks ($)", number(turnover)],
  ];
}

/** Whole, or with one digit more when it is small. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}

const { status } = LATENCY_MS;

const INTRO = `# The service at scale

Written by \`npm run simulate\`. The sweep's own engine over virtual time: DynamoDB, SNS and EnOS are simulated, and so is the clock. The tasks are in a steady state: as many begin as end, and at the beginning they have the ages that they have after running for ever.

Assumed (\`bench/scale/assumptions.ts\`): a page of 1,000 tasks takes ${LATENCY_MS.page} ms to come, an item ${LATENCY_MS.item} ms, an event ${LATENCY_MS.event} ms, EnOS's answer ${status.least} to ${status.most} ms. A full vCPU (${number(MEMORY_OF_A_VCPU)} MB) takes ${CPU_US.itemRead} µs for a task read, ${CPU_US.query} µs for each query beside, ${CPU_US.check} µs for a check, ${CPU_US.write} µs for a write, ${CPU_US.current} µs for a consistent read and ${CPU_US.event} µs for an event; work waits for the processor. A task's item in the index has ${itemBytes(INDEX_ITEM)} bytes.

The lag is the one that the service itself tells, by the sweep that ended last, for all shards as it listed them: up to an interval and the time of a sweep is none. A run fails when a check was overdue by more than that, or when the lag is more than a pass's window above what was overdue, or when a check was overdue by more than a minute under settings that are meant to keep up. An end is lost when the watermark has passed its check and there was none, or no event: that must never be. Prices are AWS's list prices of ${PRICES_OF.region} on ${PRICES_OF.date} (\`bench/price/prices.ts\`), without storage, logs and transfer.`;
