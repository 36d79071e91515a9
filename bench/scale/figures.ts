import { quantile } from "../harness/statistics.ts";
import { INVOCATION_MS, TRACK_CALL_MS } from "./assumptions.ts";
import { type Minute, type Outcome, SWEEP_MS } from "./run.ts";

/** A figure of the report, by what it is. */
export type Figure = [label: string, value: string];

/** The share of an invocation in which a sweep takes new work (`lib/sweep/time-left.ts`). */
const WORKING_SECONDS = (INVOCATION_MS * 0.9) / 1_000;

/** How a scenario is set. */
export function settings({ scenario }: Outcome): Figure[] {
  return [
    ["run times", scenario.durations.name],
    ["organisations", number(scenario.organisations)],
    ["`SWEEP_SHARDS`", number(scenario.shards)],
    ["`SWEEPERS`", number(scenario.sweepers)],
    ["`SWEEP_CONCURRENCY`", number(scenario.concurrency)],
    ["`ENOS_REQUESTS_PER_SECOND`", number(scenario.requestsPerSecond)],
    ["memory (MB)", number(scenario.memory)],
    ["minutes simulated", number(scenario.minutes)],
  ];
}

/** What was measured in it. */
export function results({ scenario, minutes, usage, delays, missed, arrivalsPerSecond }: Outcome): Figure[] {
  const seconds = (minutes.length * SWEEP_MS) / 1_000;
  const middle = (pick: (minute: Minute) => number) => quantile(minutes.map(pick), 0.5);
  const durations = minutes.flatMap(({ summaries }) => summaries.map(({ durationMs }) => durationMs / 1_000));
  // Whoever starts to track a task writes it, in the table and in the index.
  const tracked = 2 * arrivalsPerSecond;
  return [
    ["tasks read a minute", number(middle(({ summaries }) => sum(summaries, "read")))],
    ["checks a minute", number(middle(({ summaries }) => sum(summaries, "checked")))],
    ["checks/s, busiest second", number(usage.checks.peak)],
    ["checks/s of one organisation", number(usage.checks.total / seconds / scenario.organisations)],
    ["tasks tracked/s", number(arrivalsPerSecond)],
    ["ends seen, events a minute", number(middle(({ summaries }) => sum(summaries, "published")))],
    [
      "sweep, median and longest (s)",
      `${quantile(durations, 0.5).toFixed(0)}, ${Math.max(...durations).toFixed(0)}`,
    ],
    [
      `CPU of the busiest sweep (s of ${WORKING_SECONDS})`,
      number(Math.max(...minutes.map((one) => one.cpuSeconds))),
    ],
    ["watermark lag at the end (s)", number(minutes.at(-1)?.lagSeconds ?? 0)],
    [
      "delay/run time, p95 (%)",
      delays.relative.length === 0 ? "–" : (quantile(delays.relative, 0.95) * 100).toFixed(0),
    ],
    ["longest delay (s)", number(delays.longest / 1_000)],
    ["above the schedule's bound by at most (s)", number(delays.excess / 1_000)],
    ["ends overdue", number(missed.overdue)],
    ["ends lost", number(missed.lost)],
    [
      "DynamoDB read units/s, mean and busiest",
      `${number(usage.reads.total / seconds)}, ${number(usage.reads.peak)}`,
    ],
    [
      "DynamoDB write units/s, mean and busiest",
      `${number(usage.writes.total / seconds + tracked)}, ${number(usage.writes.peak + tracked)}`,
    ],
    ["of one shard of the index: read units, busiest", number(peak(usage.shardReads))],
    [
      "of one shard of the index: write units, busiest",
      number(peak(usage.shardWrites) + arrivalsPerSecond / scenario.shards),
    ],
    [
      "SNS messages/s, mean and busiest",
      `${number(usage.events.total / seconds)}, ${number(usage.events.peak)}`,
    ],
    ["Lambda: executions at a time", number(scenario.sweepers + (arrivalsPerSecond * TRACK_CALL_MS) / 1_000)],
  ];
}

/**
 * What contradicts the service's promises, in words.
 *
 * @returns nothing when all is as it should be
 */
export function broken({ scenario, minutes, missed }: Outcome): string[] {
  const name = `${scenario.name}, ${number(scenario.tasks)} tasks`;
  const problems: string[] = [];
  if (missed.lost > 0) problems.push(`${name}: ${number(missed.lost)} ends were lost`);
  if (scenario.keepsUp && missed.overdue > 0) {
    problems.push(
      `${name}: ${number(missed.overdue)} ends are overdue, though the settings are meant to keep up`,
    );
  }
  const failed = minutes.flatMap(({ summaries }) => summaries.flatMap((one) => Object.keys(one.failed)));
  // Nothing fails here by itself: it would be the simulation that is wrong.
  if (failed.length > 0) problems.push(`${name}: sweeps failed (${[...new Set(failed)].join(", ")})`);
  return problems;
}

/** A sum over the sweeps of a minute. */
export function sum(
  summaries: Minute["summaries"],
  what: "read" | "checked" | "published" | "deferred",
): number {
  return summaries.reduce((total, one) => total + one[what], 0);
}

/** Whole, or with as many digits as make three. */
export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}

function peak(rates: readonly { peak: number }[]): number {
  return Math.max(...rates.map((rate) => rate.peak));
}
