import { setTimeout as delay } from "node:timers/promises";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { indexKeyOf, keyOf } from "../../lib/store/index-key.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import type { EnosSimulator } from "../enos/simulator.ts";
import { isEnd } from "../enos/timeline.ts";
import type { LocalService } from "../service/local-service.ts";
import { Application } from "./application.ts";
import { EXAMPLES, type Example } from "./examples.ts";
import type { Gateway } from "./gateway.ts";

/** An example task that exists and is tracked. */
export interface TrackedExample {
  example: Example;
  task: TaskKey;
  /** The service's answer to the request to track it. */
  record: TrackedTask;
  /** Since when it has been tracked, as ISO 8601. */
  trackedAt: string;
  /** When it ends, in Unix milliseconds; undefined if its timeline does not say. */
  endsAt: number | undefined;
}

/** What an answer without an envelope means: serverless-offline gave it, and has printed why. */
export const NO_ENVELOPE = "the function failed";

/** The channel of all examples. */
export const CHANNEL = "ch-dee0c5";

/** An EnOS with one organisation; every answer contains the file size. */
export function simulatedGateway(enos: EnosSimulator): Gateway {
  const org = { orgId: "o15504722874071", accessKey: "5acb82e7-a11e-4300", secretKey: "example-secret-key" };
  enos.putOrganisation({ ...org, channels: [CHANNEL] });
  enos.setShape({ dataSize: "number" });
  return { url: enos.url, ...org };
}

/** Options for tracking the examples. */
export interface Tracking {
  enos: EnosSimulator;
  gateway: Gateway;
  service: LocalService;
  /** Called with each task as soon as it is tracked. */
  onTracked: (tracked: TrackedExample) => void;
  /** Cancels everything that is still to happen to the tasks. */
  signal: AbortSignal;
}

/**
 * Creates the tasks of the examples as an application of EnOS does, and has the service track them.
 *
 * @throws the signal's reason once it is aborted
 */
export async function trackExamples({
  enos,
  gateway,
  service,
  onTracked,
  signal,
}: Tracking): Promise<TrackedExample[]> {
  const application = await Application.signIn(gateway);
  const all: TrackedExample[] = [];
  for (const example of EXAMPLES) {
    enos.setCreatedTimeline(gateway.orgId, example.timeline);
    const callbackUrl = example.callsBack ? await callbackUrlOf(service, gateway.orgId) : null;
    const begun = Date.now();
    const taskId = await application.download(CHANNEL, example.name, callbackUrl);
    const task = { orgId: gateway.orgId, channelId: CHANNEL, taskId };
    const { status, envelope } = await service.client.track(task);
    if (status !== 201 || !envelope) {
      throw new Error(`a task could not be tracked: ${envelope?.msg ?? NO_ENVELOPE}`);
    }
    const record = envelope.data;
    const trackedAt = example.tracked
      ? await backdate(service, task, record, example.tracked)
      : record.trackedAt;
    if (example.cancelledAfterMs !== undefined) {
      delay(example.cancelledAfterMs, undefined, { signal })
        .then(() => application.cancel(CHANNEL, taskId))
        .catch((error) => {
          // At the end, pending waits no longer matter.
          if (!signal.aborted) console.error(`the task was not cancelled: ${error.message}`);
        });
    }
    const end = example.timeline.find(({ progressCode }) => isEnd(progressCode));
    const tracked = { example, task, record, trackedAt, endsAt: end && begun + end.afterMs };
    all.push(tracked);
    signal.throwIfAborted();
    onTracked(tracked);
  }
  return all;
}

async function callbackUrlOf({ client }: LocalService, orgId: string): Promise<string> {
  const { envelope } = await client.callbackUrl({ orgId, channelId: CHANNEL });
  if (!envelope?.data) throw new Error(`there is no URL for callbacks: ${envelope?.msg ?? NO_ENVELOPE}`);
  return envelope.data.callbackUrl;
}

/** Backdates the tracking of a task by so long that it is checked every few minutes, and chooses when that is. */
async function backdate(
  { cloud }: LocalService,
  task: TaskKey,
  { trackedAt }: TrackedTask,
  { agoMs, dueAfterMs }: NonNullable<Example["tracked"]>,
): Promise<string> {
  const earlier = Date.parse(trackedAt) - agoMs;
  const dueAt = Date.now() + dueAfterMs;
  const offset = createSchedule({ sweepIntervalSeconds: 60 }).reach(dueAt, dueAt).offsets.from;
  const { client, table } = cloud.db;
  await client.send(
    new UpdateCommand({
      TableName: table,
      Key: keyOf(task),
      UpdateExpression: "SET trackedAt = :earlier, openKey = :key",
      ExpressionAttributeValues: { ":earlier": earlier, ":key": indexKeyOf(earlier, offset) },
    }),
  );
  return new Date(earlier).toISOString();
}
