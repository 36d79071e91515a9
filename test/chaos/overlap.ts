import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import pMap from "p-map";
import type { TerminalEvent } from "../../lib/events/event.ts";
import type { SweepSummary } from "../../lib/sweep/summary.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { type Step, shardOf, stepOf } from "../../local/harness/aws-call.ts";
import { AwsProxy, type Observed } from "../../local/harness/aws-proxy.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { holdingsOf, overlaps, readsWithoutLease } from "./leases.ts";
import { allItems } from "./ledger.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const SWEEPERS = 4;
const SHARDS = 8;
const PAUSED_TASKS = 100;

const SIZES: Record<"short" | "long", { tasks: number; rounds: number; pauses: Pause[] }> = {
  short: { tasks: 300, rounds: 2, pauses: [{ step: "publish", done: true }] },
  long: {
    tasks: 2_000,
    rounds: 20,
    pauses: (["lease", "read", "publish", "commit", "release"] as const).flatMap((step) => [
      { step, done: false },
      { step, done: true },
    ]),
  },
};

/** When a sweeper is stopped: at the first call of a step, before AWS has carried it out or after (`done`). */
interface Pause {
  step: Step;
  done: boolean;
}

/** Enough time, in milliseconds, that no lease of four sweepers runs out while they work, even on a busy machine. */
const UNHURRIED_MS = 60_000;
/** A short invocation has a short lease, so that the test need not wait long until it has run out. */
const PAUSED_INVOCATION_MS = 2_000;
/** How much longer than its invocation a sweep's lease holds, and a little more. */
const LEASE_MARGIN_MS = 1_200;

/** Four sweepers at once, and one that is paused beyond its lease and wakes up again. */
export const overlap: Scenario = {
  name: "overlap",
  async run({ size, progress }) {
    const { tasks, rounds, pauses } = SIZES[size];
    // Paused sweepers need no CPU.
    const paused = pMap(
      pauses,
      async (pause) => {
        const row = await pausedBeyondItsLease(pause, PAUSED_TASKS);
        progress(row.tried);
        return row;
      },
      { concurrency: 4 },
    );
    return [await fourAtOnce(tasks, rounds, progress), ...(await paused)];
  },
};

/** While leases hold, no two sweepers sweep the same shard, so no event may arrive twice. */
async function fourAtOnce(tasks: number, rounds: number, progress: (text: string) => void): Promise<Row> {
  await using stage = await Stage.start({ orgIds: ["o1", "o2"], shards: SHARDS });
  const module = unpack("sweep");
  await using parts = new AsyncDisposableStack();
  const sweepers = await Promise.all(
    Array.from({ length: SWEEPERS }, async () => {
      const proxy = parts.use(await AwsProxy.start(stage.cloud.urls));
      const sweeper = parts.use(await LambdaProcess.start(module, { ...stage.env, ...proxy.env }));
      return { proxy, sweeper };
    }),
  );
  let unwritten = 0;
  const all = async () => {
    const invoked = sweepers.map(({ sweeper }) => sweeper.invoke<SweepSummary>({}, UNHURRIED_MS));
    for (const { failed } of await Promise.all(invoked))
      unwritten += (failed.write ?? 0) + (failed.publish ?? 0);
  };
  // A first sweep, so that the start of a process does not slow it down later.
  await all();
  startTogether(sweepers.map(({ proxy }) => proxy));
  let tracked = (await stage.track(tasks)).length;
  for (let round = 1; round <= rounds; round++) {
    await all();
    // New tasks, so that there is something to share in every round.
    tracked += (await stage.track(Math.ceil(tasks / 20))).length;
    progress(`${round} of ${rounds} rounds of four sweepers`);
    await sleep(300);
  }
  await stage.sweepInPeace(all);

  const { lost, duplicated, wrong } = await stage.judge();
  const holdings = sweepers.map(({ proxy }) => holdingsOf(proxy.observed));
  wrong.push(...overlaps(holdings.flat()));
  for (const { proxy } of sweepers) wrong.push(...readsWithoutLease(proxy.observed));
  // The only other reason for a second event is an answer that came too late, on a busy machine: its request is repeated.
  const repeated = sweepers.reduce((sum, { proxy }) => sum + repetitions(proxy.observed), 0);
  if (duplicated > unwritten + repeated)
    wrong.push(`${duplicated} events came twice though every lease held`);
  const shares = holdings.map(({ length }) => length);
  if (shares.filter((share) => share > 0).length < 2) wrong.push("the sweepers never shared the shards");
  return {
    tried: `four sweepers at once, ${tracked} tasks`,
    times: rounds,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [
      `leases of the four: ${shares.join(", ")}; ${unwritten} answers of AWS came too late, ${repeated} events were sent again`,
      ...wrong.slice(0, 10),
    ],
  };
}

/** How many events one sweeper has sent more than once. */
function repetitions(observed: readonly Observed[]): number {
  const sent = observed
    .filter(({ call }) => stepOf(call) === "publish")
    .flatMap(({ call }) => Object.entries(call.input))
    .filter(([name]) => name.endsWith(".Message"))
    .map(([, message]) => (JSON.parse(String(message)) as TerminalEvent).id);
  return sent.length - new Set(sent).size;
}

/**
 * Holds the next leases back until all sweepers have asked for one, and assigns the shards to the sweepers in turn. On
 * a busy machine, the first would otherwise finish all shards before the second begins.
 */
function startTogether(proxies: AwsProxy[]): void {
  const asked = proxies.map(() => Promise.withResolvers<void>());
  const all = Promise.all(asked.map(({ promise }) => promise)).then(() => {});
  const taken = Array.from({ length: SHARDS }, () => Promise.withResolvers<void>());
  proxies.forEach((proxy, index) => {
    proxy.onCall = (call) => {
      if (stepOf(call) === "lease") asked[index]?.resolve();
    };
    proxy.onCarriedOut = (call) => {
      if (stepOf(call) === "lease") taken[shardOf(call.input) ?? -1]?.resolve();
    };
    taken.forEach(({ promise }, shard) => {
      proxy.add({
        matches: (call) => stepOf(call) === "lease" && shardOf(call.input) === shard,
        fate: { kind: "hold", until: shard % proxies.length === index ? all : promise },
        times: 1,
      });
    });
  });
}

/** A sweeper that is stopped in the middle of its sweep, and continues after another one has done its work. */
async function pausedBeyondItsLease({ step, done }: Pause, tasks: number): Promise<Row> {
  await using stage = await Stage.start({ orgIds: ["o1", "o2"] });
  const module = unpack("sweep");
  await using proxy = await AwsProxy.start(stage.cloud.urls);
  await using paused = await LambdaProcess.start(module, { ...stage.env, ...proxy.env });
  await using other = await LambdaProcess.start(module, stage.env);
  const hook = done ? "onCarriedOut" : "onCall";
  let sleeper: Promise<SweepSummary>;
  let shard: number | undefined;
  do {
    await stage.track(tasks);
    const stopped = Promise.withResolvers<number>();
    proxy[hook] = (call) => {
      if (stepOf(call) !== step) return;
      proxy[hook] = () => {};
      paused.process.kill("SIGSTOP");
      stopped.resolve(shardOf(call.input) ?? holdingsOf(proxy.observed).at(-1)?.shard ?? -1);
    };
    sleeper = paused.invoke<SweepSummary>({}, PAUSED_INVOCATION_MS);
    // On a busy machine, a sweep's time may be over before or just when it reaches the step: then another begins.
    const ended = sleeper.then(() => undefined);
    shard = await Promise.race([
      ended,
      stopped.promise.then((stopped) => Promise.race([ended, sleep(500, stopped)])),
    ]);
    if (shard === undefined) {
      // A call that arrives late must not stop the next sweep.
      proxy[hook] = () => {};
      paused.process.kill("SIGCONT");
    }
  } while (shard === undefined);
  await sleep(PAUSED_INVOCATION_MS + LEASE_MARGIN_MS);
  await stage.sweepInPeace(() => other.invoke({}, UNHURRIED_MS));
  const before = await shardRecord(stage, shard);
  paused.process.kill("SIGCONT");
  const summary = await sleeper;

  const { lost, duplicated, wrong } = await stage.judge();
  if (!isDeepStrictEqual(await shardRecord(stage, shard), before))
    wrong.push(`the sweeper that woke up changed the record of shard ${shard}`);
  if (!(summary.durationMs > PAUSED_INVOCATION_MS)) wrong.push("the sweeper was not paused");
  return {
    tried: `a sweeper paused beyond its lease, ${done ? "after" : "before"} its first ${step}`,
    times: 1,
    lost,
    duplicated,
    wrong: wrong.length,
    notes: [
      `awake again it lost ${summary.leasesLost} leases and gave up ${summary.failed.write ?? 0} writes`,
      ...wrong.slice(0, 10),
    ],
  };
}

async function shardRecord(stage: Stage, shard: number): Promise<unknown> {
  return (await allItems(stage.db)).find(({ pk, sk }) => pk === "#shards" && sk === String(shard));
}
