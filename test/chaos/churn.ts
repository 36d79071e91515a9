import { setTimeout as sleep } from "node:timers/promises";
import { TaskStore } from "../../lib/store/task-store.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { seeded } from "../../local/harness/random.ts";
import type { Row, Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

const SIZES = { short: { tasks: 40, again: 80 }, long: { tasks: 500, again: 4_000 } };

const SHARDS = 4;
const SWEEPERS = 2;

/**
 * Tasks are deleted and put again while sweeps run. Tracking starts anew each time, so there must be an event for the
 * last start of each task, whatever a sweep does that has read the earlier record.
 */
export const churn: Scenario = {
  name: "churn",
  async run({ size, seed, progress }): Promise<Row[]> {
    const { tasks, again } = SIZES[size];
    const random = seeded(seed);
    const module = unpack("sweep");
    await using stage = await Stage.start({ orgIds: ["o1", "o2"], shards: SHARDS });
    await using parts = new AsyncDisposableStack();
    const expected = await stage.track(tasks, { runsMs: 0 });
    stage.enos.addFault({ kind: "latency", ms: 15 });

    const tracker = new TaskStore({ db: stage.db, shardCount: SHARDS, retentionDays: 30 });
    let churning = true;
    let sweeps = 0;
    const sweepOn = async () => {
      const sweeper = parts.use(await LambdaProcess.start(module, stage.env));
      for (; churning; sweeps++) await sweeper.invoke({}, 30_000);
    };
    const running = Array.from({ length: SWEEPERS }, sweepOn);
    const lastStarts = new Map<string, string>();
    for (let time = 1; time <= again; time++) {
      const task = expected[Math.floor(random() * tasks)];
      if (!task) continue;
      await tracker.delete(task);
      const { record } = await tracker.put(task);
      lastStarts.set(task.taskId, record.trackedAt);
      if (time % 500 === 0) progress(`${time} of ${again} times deleted and put again, ${sweeps} sweeps`);
      await sleep(random() * 8);
    }
    churning = false;
    await Promise.all(running);
    await using peaceful = await LambdaProcess.start(module, stage.env);
    await stage.sweepInPeace(() => peaceful.invoke({}, 30_000));

    const { lost, wrong } = await stage.judge();
    let unanswered = 0;
    // Each start of tracking may have an event of its own, under the one id of that fact.
    let twice = 0;
    for (const task of expected) {
      const lastStart = lastStarts.get(task.taskId);
      const answers = stage.ledger.eventsOf(task);
      if (lastStart && !answers.some(({ data }) => data.trackedAt === lastStart)) unanswered++;
      twice += answers.length - new Set(answers.map(({ data }) => data.trackedAt)).size;
    }
    if (sweeps < 2) wrong.push(`${sweeps} sweeps ran meanwhile: nothing was tried`);
    return [
      {
        tried: `deleted and put again while sweeps run, ${tasks} tasks`,
        times: again,
        lost: lost + unanswered,
        duplicated: twice,
        wrong: wrong.length,
        notes: [`${sweeps} sweeps meanwhile`, ...wrong.slice(0, 10)],
      },
    ];
  },
};
