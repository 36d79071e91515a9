import { fork } from "node:child_process";
import { once } from "node:events";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import { terminalEvent } from "../../lib/events/event.ts";
import { EventPublisher } from "../../lib/events/publisher.ts";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import { OpenTaskStore } from "../../lib/store/open-task-store.ts";
import { openDatabase } from "../../lib/store/table.ts";
import type { Outcome } from "../../lib/tasks/decision.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { SAMPLE_TASK, TASK_ITEM } from "../harness/sample-items.ts";
import { repeated } from "../harness/statistics.ts";

const CALLS = 10_000;
const AT_A_TIME = 64;
const RUNS = 5;

const task: OpenTask = {
  ...SAMPLE_TASK,
  state: "running",
  trackedAt: Date.now(),
  notFound: null,
  indexKey: TASK_ITEM.openKey,
  offset: 0,
  deadlineAt: undefined,
  uncertainSince: undefined,
};
const outcome: Outcome = {
  state: "succeeded",
  status: {
    ...SAMPLE_TASK,
    downloadUrl: `http://files.enos.example/${SAMPLE_TASK.taskId}.zip`,
    progressCode: 3,
    progressDesc: "success",
    dataSize: 829_021_234,
    state: "succeeded",
    terminal: true,
  },
  reason: null,
};

/** The CPU time of single calls to DynamoDB and SNS with the clients that a sweep uses. */
export async function clientCosts(): Promise<{ rows: Row[]; text: string }> {
  tell("what single calls to DynamoDB and SNS cost the processor");
  const server = fork(new URL("./instant-answers.ts", import.meta.url));
  const [port] = await once(server, "message");
  const client = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "eu-central-1",
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
  };
  const tasks = new OpenTaskStore({
    db: openDatabase("table", new DynamoDBClient(client)),
    retentionDays: 30,
  });
  const events = new EventPublisher({
    topicArn: "arn:aws:sns:eu-central-1:000000000000:events",
    client: new SNSClient(client),
  });
  const write = await costs(() => tasks.finish(task, outcome, Date.now()));
  const current = await costs(() => tasks.current(task));
  const query = await costs(() => tasks.page(0, ALL_KEYS, () => true));
  const event = await costs(() =>
    events.publish(terminalEvent(task, outcome, { observedAt: Date.now(), notEndedBefore: null })),
  );
  server.kill();
  const without = write.map((microseconds, run) => microseconds + (event[run] as number));
  const us = (runs: number[]) => `${repeated(runs).median.toFixed(0)} µs`;
  return {
    rows: [
      {
        what: "CPU of publishing and writing a task's end, with the consistent read before",
        against: "without it",
        ratios: current.map((microseconds, run) => 1 + microseconds / (without[run] as number)),
        target: 2,
        reach: "at most",
      },
    ],
    text: `CPU of a conditional write: ${us(write)}; of a consistent read: ${us(current)}; of a query, beside its items: ${us(query)}; of an event's share of a call to SNS: ${us(event)}. The simulation at scale does not follow each run: it assumes round figures, those of \`bench/scale/assumptions.ts\`.`,
  };
}

/** The CPU time of a call in microseconds, for each run except the first, which is a warm-up. */
async function costs(call: () => Promise<unknown>): Promise<number[]> {
  const runs: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const before = process.cpuUsage();
    let left = CALLS;
    const caller = async () => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, caller));
    const { user, system } = process.cpuUsage(before);
    if (run > 0) runs.push((user + system) / CALLS);
  }
  return runs;
}
