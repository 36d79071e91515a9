import type { APIGatewayProxyStructuredResultV2, SQSBatchResponse } from "aws-lambda";
import type { TerminalEvent } from "../../lib/events/event.ts";
import { EventSource } from "../../local/aws/event-source.ts";
import { Cloud } from "../../local/cloud.ts";
import { startEnosSimulator } from "../../local/enos/simulator.ts";
import { apiEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { Application } from "../../local/show/application.ts";
import { tableFromSource } from "../../local/template.ts";
import { CallbackApi } from "../harness/callback-api.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { quantile } from "../harness/statistics.ts";

const RUNS = 3;
const TASKS = 100;
/** The run time of a task, and the time between the ends of two tasks, in milliseconds. */
const FIRST_END = 2_000;
const BETWEEN_ENDS = 100;

/** The time from a task's end to its event if EnOS calls back, and the number of checks. */
export async function hints(): Promise<Row[]> {
  const medians: number[] = [];
  const p95s: number[] = [];
  const checks: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    tell(`ends that are told, run ${run + 1} of ${RUNS}`);
    const { seconds, checksPerTask } = await told();
    medians.push(quantile(seconds, 0.5));
    p95s.push(quantile(seconds, 0.95));
    checks.push(checksPerTask);
  }
  const what = "from a task's end to its event at an SQS subscriber, with callbacks";
  return [
    { what: `${what}, median`, against: "a second", ratios: medians, target: 1, reach: "at most" },
    { what: `${what}, p95`, against: "a second", ratios: p95s, target: 2, reach: "at most" },
    {
      what: "checks of a task whose end is told, beside the sweep's",
      against: "one check",
      ratios: checks,
      target: 2,
      reach: "at most",
    },
  ];
}

/** How long after its end each of a series of tasks was announced, in seconds. */
async function told(): Promise<{ seconds: number[]; checksPerTask: number }> {
  await using parts = new AsyncDisposableStack();
  const enos = parts.use(await startEnosSimulator());
  const cloud = parts.use(await Cloud.start(tableFromSource()));
  enos.putOrganisation({ ...ORGANISATION, channels: [CHANNEL] });
  await cloud.putSecret(ORGANISATION.orgId, ORGANISATION);
  const subscription = await cloud.subscribe("events");
  const api = parts.use(await CallbackApi.start());
  const env = { ...cloud.env(enos.url), CALLBACK_BASE_URL: api.url };
  const callback = parts.use(await LambdaProcess.start(unpack("callback"), env));
  const hint = parts.use(await LambdaProcess.start(unpack("hint"), env));
  api.serve(callback);
  parts.use(
    new EventSource({
      sqs: cloud.sqs,
      queueUrl: cloud.hintQueueUrl,
      concurrency: 2,
      invoke: (event) => hint.invoke<SQSBatchResponse>(event),
      onTrouble: (text) => console.error(text),
    }),
  );

  const { orgId } = ORGANISATION;
  const asked = apiEvent("callbackUrl", `orgId=${orgId}`, { channelId: CHANNEL });
  const { body = "" } = await callback.invoke<APIGatewayProxyStructuredResultV2>(asked);
  const { callbackUrl } = JSON.parse(body).data;
  const application = await Application.signIn({ url: enos.url, ...ORGANISATION });
  const endsAt = new Map<string, number>();
  const begun = Date.now();
  for (let task = 0; task < TASKS; task++) {
    const end = begun + FIRST_END + task * BETWEEN_ENDS;
    enos.setCreatedTimeline(orgId, [
      { afterMs: 0, progressCode: 1 },
      { afterMs: Math.max(0, end - Date.now()), progressCode: 3 },
    ]);
    endsAt.set(await application.download(CHANNEL, `task-${task}`, callbackUrl), end);
  }
  const seconds: number[] = [];
  while (seconds.length < TASKS) {
    for (const { body } of await subscription.poll(20)) {
      const end = endsAt.get((body as TerminalEvent).subject);
      if (end !== undefined) seconds.push((Date.now() - end) / 1000);
    }
  }
  const requests = Object.values(enos.taskRequests(orgId)).reduce((sum, one) => sum + one, 0);
  return { seconds, checksPerTask: requests / TASKS };
}
