import type { SweepSummary } from "../../lib/sweep/summary.ts";
import type { LambdaProcess, Measured } from "../../local/harness/lambda-process.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { rewind, seed, taskId } from "../harness/seed.ts";
import { Testbed } from "../harness/testbed.ts";

export const TASKS = 20_000;
const SHARDS = 4;
const CONNECTIONS = 256;
/** The serial loop needs more than 50 ms a task, so it runs only a part of them. */
const SERIAL_TASKS = 60;
const HOUR = 60 * 60_000;
/** Young tasks are read in every sweep, old ones only when they may be due. */
const YOUNG = HOUR / 2;
const OLD = 24 * HOUR;
const OLD_TASKS = 100_000;
/** Sweeps without a due task are short, so this many in a row count as one run. */
const IDLE_SWEEPS = 5;

/** The results, for the rows and for the price. */
export interface SweepSpeed {
  rows: Row[];
  /** CPU time in microseconds, for each run: per checked task, and per task that is not due. */
  checkedCpu: number[];
  notDueCpu: number[];
}

/** Compares sweeps of 20,000 due, unchanged tasks with bare loops and with sweeps without a due task. */
export async function sweepSpeed(testbed: Testbed): Promise<SweepSpeed> {
  tell(`${TASKS} open tasks`);
  await seed(testbed.db, TASKS, SHARDS, YOUNG);
  await using old = await Testbed.start();
  tell(`${OLD_TASKS} open tasks, a day old`);
  await seed(old.db, OLD_TASKS, SHARDS, OLD);
  const settings = {
    SWEEP_SHARDS: String(SHARDS),
    SWEEP_CONCURRENCY: String(CONNECTIONS),
    // One organisation represents many here, so its rate must not be limited.
    ENOS_REQUESTS_PER_SECOND: "1000000",
  };
  await using engine = await testbed.start("sweep", settings);
  await using oldEngine = await old.start("sweep", settings);
  await using loop = await testbed.startPeer("bare-loop.ts");
  const all = Array.from({ length: TASKS }, (_, index) => taskId(index));
  const bare = (taskIds: string[], connections: number) =>
    loop.measure({ application: ORGANISATION, channelId: CHANNEL, taskIds, connections });

  const due = async () => {
    await rewind(testbed.db, SHARDS, HOUR);
    return expectChecked(await engine.measure<SweepSummary>({}), TASKS);
  };
  const warmUp = async () => {
    await due();
    await bare(all, CONNECTIONS);
    await notDue(oldEngine, old, OLD_TASKS);
  };

  tell("sweeps at 0 ms");
  await testbed.enos.setLatency(0);
  await warmUp();
  await warmUp();
  const fast: number[] = [];
  const young: number[] = [];
  const aged: number[] = [];
  const checkedCpu: number[] = [];
  const notDueCpu: number[] = [];
  for (let run = 0; run < 7; run++) {
    const checked = await due();
    fast.push((await bare(all, CONNECTIONS)).wallMs / checked.wallMs);
    const checkedMs = checked.cpuMs / TASKS;
    const youngMs = await notDue(engine, testbed, TASKS);
    young.push(youngMs / checkedMs);
    aged.push((await notDue(oldEngine, old, OLD_TASKS)) / checkedMs);
    checkedCpu.push(checkedMs * 1000);
    notDueCpu.push(youngMs * 1000);
  }

  tell("sweeps at 50 ms");
  await testbed.enos.setLatency(50);
  await warmUp();
  const slow: number[] = [];
  const serial: number[] = [];
  for (let run = 0; run < 3; run++) {
    const { wallMs } = await due();
    slow.push((await bare(all, CONNECTIONS)).wallMs / wallMs);
    const alone = await bare(all.slice(0, SERIAL_TASKS), 1);
    serial.push(alone.wallMs / SERIAL_TASKS / (wallMs / TASKS));
  }
  const what = (latency: number) => `tasks checked per second in a sweep of ${TASKS}, ${latency} ms upstream`;
  const loopName = `bare undici loop, ${CONNECTIONS} connections`;
  return {
    rows: [
      { what: what(50), against: loopName, ratios: slow, target: 0.85, reach: "at least" },
      { what: what(0), against: loopName, ratios: fast, target: 0.6, reach: "at least" },
      { what: what(50), against: "one task after the other", ratios: serial, target: 150, reach: "at least" },
      ...Object.entries({ "half an hour": young, "a day": aged }).map(
        ([age, ratios]): Row => ({
          what: `CPU for an open task that is not due, tracked for ${age}`,
          against: "CPU for one that is checked, 0 ms upstream",
          ratios,
          target: 1 / 12,
          reach: "at most",
        }),
      ),
    ],
    checkedCpu,
    notDueCpu,
  };
}

/** CPU time per task in milliseconds of sweeps right after another, when hardly any task is due. */
async function notDue(engine: LambdaProcess, { db }: Testbed, tasks: number): Promise<number> {
  let cpuMs = 0;
  for (let sweep = 0; sweep < IDLE_SWEEPS; sweep++) {
    await rewind(db, SHARDS, 0);
    const idle = await engine.measure<SweepSummary>({});
    const { due } = idle.value;
    // Some become due during the sweep, more on a slow machine; this is ignored.
    if (due > tasks / 200) throw new Error(`of ${tasks} tasks ${due} were due`);
    cpuMs += idle.cpuMs;
  }
  return cpuMs / IDLE_SWEEPS / tasks;
}

function expectChecked(sweep: Measured<SweepSummary>, tasks: number): Measured<SweepSummary> {
  if (sweep.value.checked !== tasks) throw new Error(`a sweep checked ${sweep.value.checked} of ${tasks}`);
  return sweep;
}
