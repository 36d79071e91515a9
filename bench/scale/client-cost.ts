import { fork } from "node:child_process";
import { once } from "node:events";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import { markdownTable } from "markdown-table";
import { terminalEvent } from "../../lib/events/event.ts";
import { EventPublisher } from "../../lib/events/publisher.ts";
import { ALL_KEYS } from "../../lib/store/index-key.ts";
import { OpenTaskStore } from "../../lib/store/open-task-store.ts";
import { openDatabase } from "../../lib/store/table.ts";
import type { Outcome } from "../../lib/tasks/decision.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { median } from "../harness/statistics.ts";
import { SAMPLE_TASK } from "./assumptions.ts";

const CALLS = 10_000;
const AT_A_TIME = 64;
const RUNS = 5;

/** Measures what a write, a query and an event cost the processor, through the clients that a sweep uses. */
const server = fork(new URL("./instant-answers.ts", import.meta.url));
const [port] = await once(server, "message");
const client = {
  endpoint: `http://127.0.0.1:${port}`,
  region: "eu-central-1",
  credentials: { accessKeyId: "none", secretAccessKey: "none" },
};
const tasks = new OpenTaskStore(openDatabase("table", new DynamoDBClient(client)), { retentionDays: 30 });
const events = new EventPublisher("arn:aws:sns:eu-central-1:000000000000:events", new SNSClient(client));

const task: OpenTask = {
  ...SAMPLE_TASK,
  state: "running",
  trackedAt: Date.now(),
  notFound: null,
  indexKey: "0123456789abcdef",
  offset: 0,
  deadlineAt: undefined,
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

const measured = [
  ["a write (`finish`)", await cost(() => tasks.finish(task, outcome, Date.now()))],
  ["a query that finds nothing", await cost(() => tasks.page(0, ALL_KEYS, () => true))],
  ["an event", await cost(() => events.publish(terminalEvent(task, outcome, Date.now())))],
] as const;
console.log(
  markdownTable([
    ["", "CPU (µs)"],
    ...measured.map(([what, microseconds]) => [what, microseconds.toFixed(0)]),
  ]),
);
server.kill();

/** The CPU time of a call in microseconds: the median of some runs, without the first, which warms up. */
async function cost(call: () => Promise<unknown>): Promise<number> {
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
  return median(runs);
}
