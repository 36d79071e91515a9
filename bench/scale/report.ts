import { markdownTable } from "markdown-table";
import { PRICES_OF } from "../price/prices.ts";
import { CPU_US, LATENCY_MS, MEMORY_OF_A_VCPU } from "./assumptions.ts";
import { INDEX_ITEM, itemBytes } from "./dynamodb-units.ts";
import { number, results, settings } from "./figures.ts";
import type { Outcome } from "./run.ts";

/** The outcomes as Markdown: a table for each number of tasks, a column for each scenario. */
export function report(outcomes: readonly Outcome[], plotName: string): string {
  const scales = Map.groupBy(outcomes, ({ scenario }) => scenario.tasks);
  const sections = Array.from(
    scales,
    ([tasks, ofScale]) => `## ${number(tasks)} open tasks\n\n${scale(ofScale)}`,
  );
  return [INTRO, ...sections, `![Watermark lag](${plotName})`].join("\n\n");
}

function scale(outcomes: readonly Outcome[]): string {
  const columns = outcomes.map((outcome) => [...settings(outcome), ...results(outcome)]);
  const labels = columns[0]?.map(([label]) => label) ?? [];
  return markdownTable([
    ["", ...outcomes.map(({ scenario }) => scenario.name)],
    ...labels.map((label, row) => [label, ...columns.map((column) => column[row]?.[1] ?? "")]),
  ]);
}

const { status } = LATENCY_MS;

const INTRO = `# The service at scale

Written by \`npm run simulate\`. The sweep's own engine over virtual time: DynamoDB, SNS and EnOS are simulated, and so is the clock. The tasks are in a steady state: as many begin as end, and at the beginning they have the ages that they have after running for ever.

Assumed (\`bench/scale/assumptions.ts\`): a page of 1,000 tasks takes ${LATENCY_MS.page} ms to come, an item ${LATENCY_MS.item} ms, an event ${LATENCY_MS.event} ms, EnOS's answer ${status.least} to ${status.most} ms. A full vCPU (${number(MEMORY_OF_A_VCPU)} MB) takes ${CPU_US.itemRead} µs for a task read, ${CPU_US.query} µs for each query beside, ${CPU_US.check} µs for a check, ${CPU_US.write} µs for a write, ${CPU_US.current} µs for a consistent read and ${CPU_US.event} µs for an event; work waits for the processor. A task's item in the index has ${itemBytes(INDEX_ITEM)} bytes.

The lag is the one that the service itself tells, by the sweep that ended last, for all shards as it listed them: up to an interval and the time of a sweep is none. A run fails when a check was overdue by more than that, or when the lag is more than a pass's window above what was overdue. An end is overdue when its check should have come by then; it is lost when the watermark has passed and there was no check: that must never be. Prices are AWS's list prices of ${PRICES_OF.region} on ${PRICES_OF.date} (\`bench/price/prices.ts\`), without storage, logs and transfer.`;
