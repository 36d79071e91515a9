import { markdownTable } from "markdown-table";
import { indexKeyOf, reachedKeys } from "../../lib/store/index-key.ts";
import type { KeySpan } from "../../lib/store/key-span.ts";
import { PAGE_SIZE } from "../../lib/store/open-task-store.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { seeded } from "../../local/harness/random.ts";
import { EPOCH } from "../../local/harness/virtual-time.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { INDEX_ITEM, itemBytes } from "../harness/sample-items.ts";
import { rewind, taskId } from "../harness/seed.ts";
import { median } from "../harness/statistics.ts";
import type { Testbed } from "../harness/testbed.ts";
import { peerPrices, sweepPrice } from "../price/price.ts";
import { PRICES_OF } from "../price/prices.ts";
import { DURATIONS, type Durations } from "../simulation/durations.ts";
import { life, schedule } from "../simulation/ours.ts";

const SHARDS = 4;
const MEMORY_GB = 1;
const LATENCY = 50;
const HOUR = 60 * 60_000;
/** How many tasks are simulated to find out how often they are read. */
const SIMULATED = 1_000;

/** The list price of a million checks, from the duration and the reads of real sweeps. */
export async function price(testbed: Testbed, tasks: number): Promise<{ rows: Row[]; text: string }> {
  tell("a sweep with the settings' defaults, for the price");
  await testbed.enos.setLatency(LATENCY);
  await using engine = await testbed.start("sweep", { ENOS_REQUESTS_PER_SECOND: "1000000" });
  await using peer = await testbed.startPeer("bare-lookup.ts");
  const call = { application: ORGANISATION, channelId: CHANNEL, taskId: taskId(1) };
  const calls: number[] = [];
  for (let index = 0; index < 50; index++) calls.push((await peer.measure(call)).wallMs);

  const sweep = async (age: number) => {
    await rewind(testbed.db, SHARDS, age);
    const { value, wallMs } = await engine.measure<SweepSummary>({});
    return { checked: value.checked, seconds: wallMs / 1000 / tasks };
  };
  const due = await sweep(HOUR);
  if (due.checked !== tasks) throw new Error(`a sweep checked ${due.checked} of ${tasks}`);
  const idle: number[] = [];
  for (let run = 0; run < 5; run++) {
    const { checked, seconds } = await sweep(0);
    // Some become due during the sweep, more on a slow machine.
    if (checked > tasks / 200) throw new Error(`a sweep checked ${checked}, though hardly any was due`);
    idle.push(seconds);
  }

  const peers = peerPrices(median(calls) / 1000);
  const cheapest = Math.min(...peers.map(({ dollars }) => dollars));
  const own = DURATIONS.map((durations) => ({
    durations,
    ...sweepPrice({
      readsPerCheck: readsPerCheck(durations, tasks),
      itemBytes: itemBytes(INDEX_ITEM),
      secondsPerCheck: due.seconds,
      secondsPerItemNotDue: median(idle),
      memoryGb: MEMORY_GB,
      checksPerSweep: tasks,
      shards: SHARDS,
    }),
  }));
  const lines = [
    ...own.map(({ durations, ...one }) => ({ ...one, name: `${one.name}, ${durations.name} durations` })),
    ...peers,
  ].map(({ name, dollars, consists }) => [name, dollars.toPrecision(3), consists]);
  return {
    rows: own.map(({ durations, dollars }) => ({
      what: `list price of a million checks, ${durations.name} durations`,
      against: "cheapest of three other ways",
      ratios: [dollars / cheapest],
      target: 1 / 50,
      reach: "at most",
    })),
    text: [
      `List prices of ${PRICES_OF.region} on ${PRICES_OF.date} (bench/price/prices.ts) times what was measured at ${LATENCY} ms upstream with 64 calls at a time. What starting and ending a task costs is left out for all of them.`,
      markdownTable([["checks by", "$ per million", "what is paid for"], ...lines]),
    ].join("\n\n"),
  };
}

/** How many items are read for each check: a task in every sweep that reaches it, and items that are not due. */
function readsPerCheck(durations: Durations, checksPerSweep: number): number {
  const random = seeded(1);
  let reads = 0;
  let checks = 0;
  for (let task = 0; task < SIMULATED; task++) {
    const duration = durations.draw(random);
    const offset = random();
    const order = indexKeyOf(EPOCH, offset);
    for (const { from, to, isDue } of life({ trackedAt: EPOCH, offset }, duration, random)) {
      if (reachedKeys(schedule.reach(from, to)).some((span) => isWithin(order, span))) reads++;
      if (isDue) checks++;
    }
  }
  // In the worst case nothing on a shard's first page was due.
  return reads / checks + (SHARDS * PAGE_SIZE) / checksPerSweep;
}

function isWithin(order: string, { from, to }: KeySpan): boolean {
  return from <= order && order < to;
}
