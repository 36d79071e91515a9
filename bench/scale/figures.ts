import { quantile } from "../harness/statistics.ts";
import { INVOCATION_MS, TRACK_CALL_MS } from "./assumptions.ts";
import { cost } from "./cost.ts";
import { type Minute, type Outcome, SWEEP_MS } from "./run.ts";
import type { Rate } from "./usage.ts";

/** A figure of the report, by what it is. */
export type Figure = [label: string, value: string];

/** The share of an invocation in which a sweep takes new work (`lib/sweep/time-left.ts`), in seconds. */
const WORKING_SECONDS = (INVOCATION_MS * 0.9) / 1_000;

/** How a scenario is set. */
export function settings({ scenario }: Outcome): Figure[] {
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
  ];
}

/** What was measured in it. */
export function results(outcome: Outcome): Figure[] {
  const { scenario, minutes, usage, delays, missed, arrivalsPerSecond } = outcome;
  const { checking, turnover } = cost(outcome);
  const seconds = (minutes.length * SWEEP_MS) / 1_000;
  const middle = (what: Counted) =>
    number(
      quantile(
        minutes.map(({ summaries }) => sum(summaries, what)),
        0.5,
      ),
    );
  const durations = minutes.flatMap(({ summaries }) => summaries.map(({ durationMs }) => durationMs / 1_000));
  const invoked = minutes.reduce((sum, { invokedSeconds }) => sum + invokedSeconds, 0);
  const busiestCpu = Math.max(...minutes.map(({ cpuSeconds }) => cpuSeconds));
  /** In the mean and in the busiest second, beside what goes on all the time. */
  const perSecond = ({ total, peak }: Rate, always = 0) =>
    `${number(total / seconds + always)}, ${number(peak + always)}`;
  return [
    ["tasks read a minute", middle("read")],
    ["checks a minute", middle("checked")],
    ["checks/s: mean, busiest", perSecond(usage.checks)],
    ["checks/s of one organisation: mean", number(usage.checks.total / seconds / scenario.organisations)],
    ["ends seen, events a minute", middle("published")],
    ["sweep (s): median, longest", `${number(quantile(durations, 0.5))}, ${number(Math.max(...durations))}`],
    ["invocations: share of the time (%)", number((invoked / (seconds * scenario.sweepers)) * 100)],
    [`CPU of the busiest sweep (s of ${WORKING_SECONDS})`, number(busiestCpu)],
    ["lag that is told at the end (s)", number(minutes.at(-1)?.lagSeconds ?? 0)],
    ["overdue then (s)", number(minutes.at(-1)?.overdueSeconds ?? 0)],
    ["delay/run time, p95 (%)", number(quantile(delays.relative, 0.95) * 100)],
    ["longest delay (s)", number(delays.longest / 1_000)],
    ["above the schedule's bound at most (s)", number(delays.excess / 1_000)],
    ["ends overdue", number(missed.overdue)],
    ["ends lost", number(missed.lost)],
    ["index, read units/s: mean, busiest", perSecond(usage.reads)],
    ["one shard of it, read units/s: busiest", number(busiest(usage.shardReads))],
    // Whoever starts to track a task writes it, in the table and in the index.
    ["index, write units/s: mean, busiest", perSecond(usage.indexWrites, arrivalsPerSecond)],
    [
      "one shard of it, write units/s: busiest",
      number(busiest(usage.shardWrites) + arrivalsPerSecond / scenario.shards),
    ],
    ["table, write units/s: mean, busiest", perSecond(usage.tableWrites, arrivalsPerSecond)],
    ["the shards' records, write units/s: mean, busiest", perSecond(usage.recordWrites)],
    ["SNS messages/s: mean, busiest", perSecond(usage.events)],
    ["API calls that track/s", number(arrivalsPerSecond)],
    ["Lambda executions at a time", number(scenario.sweepers + (arrivalsPerSecond * TRACK_CALL_MS) / 1_000)],
    ["list price a month of checking ($)", number(checking)],
    ["of beginning and ending tasks ($)", number(turnover)],
  ];
}

/** What a sweep's summary counts. */
export type Counted = "read" | "checked" | "published";

/** A sum over the sweeps of a minute. */
export function sum(summaries: Minute["summaries"], what: Counted): number {
  return summaries.reduce((total, one) => total + one[what], 0);
}

/** Whole, or with one digit more when it is small. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}

function busiest(rates: readonly Rate[]): number {
  return Math.max(...rates.map(({ peak }) => peak));
}
