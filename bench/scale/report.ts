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

/** The outcomes as Markdown: a table for each number of tasks, with a column for each scenario. */
export function report(outcomes: readonly Outcome[]): string {
  const scales = [...Map.groupBy(outcomes, ({ scenario }) => scenario.tasks)];
  return [INTRO, ...scales.map(([tasks, some]) => `## ${number(tasks)} open tasks\n\n${table(some)}`)].join(
    "\n\n",
  );
}

function table(outcomes: readonly Outcome[]): string {
  const columns = outcomes.map(figures);
  const labels = Object.keys(columns[0] ?? {});
  return markdownTable([
    ["", ...outcomes.map(({ scenario }) => scenario.name)],
    ...labels.map((label) => [label, ...columns.map((column) => text(column[label] ?? ""))]),
  ]);
}

/** A scenario's settings and figures, by label; two figures are a mean and a maximum. */
function figures(outcome: Outcome): Record<string, string | number | number[]> {
  const { scenario, minutes, usage, delays, lost, arrivalsPerSecond } = outcome;
  const { checking, turnover } = cost(outcome);
  const seconds = (minutes.length * SWEEP_MS) / 1_000;
  const sweeps = minutes.flatMap(({ summaries }) => summaries);
  const durations = sweeps.map(({ durationMs }) => durationMs / 1_000);
  const aMinute = (what: "read" | "published") =>
    sweeps.reduce((sum, one) => sum + one[what], 0) / minutes.length;
  const invoked = minutes.reduce((sum, { invokedSeconds }) => sum + invokedSeconds, 0);
  const last = minutes.at(-1);
  const perSecond = ({ total, peak }: Rate, constant = 0) => [total / seconds + constant, peak + constant];
  return {
    "run times": scenario.durations.name,
    organisations: scenario.organisations,
    "`SWEEP_SHARDS`": scenario.shardCount,
    "`SWEEP_INTERVAL_SECONDS`": scenario.intervalSeconds,
    "`SWEEPERS`": scenario.sweepers,
    "`SWEEP_CONCURRENCY`": scenario.concurrency,
    "`ENOS_REQUESTS_PER_SECOND`": scenario.requestsPerSecond,
    "memory (MB)": scenario.memory,
    "minutes counted": scenario.minutes,
    "tasks read a minute": aMinute("read"),
    "checks/s: mean, busiest": perSecond(usage.checks),
    "ends seen, events a minute": aMinute("published"),
    "sweep (s): median, longest": [quantile(durations, 0.5), Math.max(...durations)],
    "invocations: share of the time (%)": (invoked / (seconds * scenario.sweepers)) * 100,
    [`CPU of the busiest invocation (s of ${INVOCATION_MS / 1_000})`]: Math.max(
      ...minutes.map(({ cpuSeconds }) => cpuSeconds),
    ),
    "reported lag at the end (s)": last?.lagSeconds ?? 0,
    "most overdue check then (s)": last?.overdueSeconds ?? 0,
    "delay/run time, p95 (%)": quantile(delays, 0.95) * 100,
    "ends lost": lost,
    "index, read units/s: mean, busiest": perSecond(usage.reads),
    // Starting to track a task writes it, in the table and in the index.
    "index, and table, write units/s: mean, busiest": perSecond(usage.taskWrites, arrivalsPerSecond),
    "the sweeps' records, write units/s: mean, busiest": perSecond(usage.recordWrites),
    "SNS messages/s: mean, busiest": perSecond(usage.events),
    "API calls that track/s": arrivalsPerSecond,
    "concurrent Lambda executions": scenario.sweepers + (arrivalsPerSecond * TRACK_CALL_MS) / 1_000,
    "list price of checking, a month ($)": checking,
    "list price of starting and ending tasks, a month ($)": turnover,
  };
}

function text(figure: string | number | number[]): string {
  return typeof figure === "string" ? figure : [figure].flat().map(number).join(", ");
}

/** Whole, or with one decimal place if it is small. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}

const { status } = LATENCY_MS;

const INTRO = `# The service at scale

Written by \`npm run simulate\`. The sweep's own engine in virtual time: DynamoDB, SNS, EnOS and the clock are simulated. The tasks are in a steady state: as many start as end, and at the beginning their ages are those of a service that has always been running.

Assumptions (\`bench/scale/assumptions.ts\`): a page of 1,000 tasks takes ${LATENCY_MS.page} ms, an item ${LATENCY_MS.item} ms, an event ${LATENCY_MS.event} ms, and EnOS's answer ${status.least} to ${status.most} ms. A full vCPU (${number(MEMORY_OF_A_VCPU)} MB) needs ${CPU_US.itemRead} µs for each task read, ${CPU_US.query} µs for each query, ${CPU_US.check} µs for a check, ${CPU_US.write} µs for a write, ${CPU_US.current} µs for a consistent read and ${CPU_US.event} µs for an event; work waits for the processor. A task's item in the index has ${itemBytes(INDEX_ITEM)} bytes.

The reported lag is the one that the service itself reports, in the sweep that ended last and for all shards as that sweep listed them: one interval plus the duration of a sweep means that it keeps up. A run fails if a check was more overdue than the reported lag, if the reported lag exceeds the most overdue check by more than the window of a pass, or if a check was overdue by more than a minute although the settings are meant to keep up. An end is lost if the watermark has passed the check that would have seen it, or if there was no event: that must never happen. Prices are AWS's list prices of ${PRICES_OF.region} on ${PRICES_OF.date} (\`bench/price/prices.ts\`), without storage, logs and transfer.`;
