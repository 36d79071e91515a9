import { deepStrictEqual } from "node:assert/strict";
import { hash } from "node:crypto";
import type { ReceivedMessage } from "../aws/received.ts";
import type { ServiceClient } from "../service/client.ts";
import type { TrackedExample } from "./tracked-examples.ts";

/** The expected content of the event and of the record, as far as it is known in advance. */
function announced({ example, task, trackedAt }: TrackedExample): object | null {
  const { end } = example;
  if (!end) return null;
  const { orgId, channelId, taskId } = task;
  const type = `enos.download.${end.state}`;
  // The event of an abandoned task is specific to one period of tracking.
  const tracking = end.state === "abandoned" ? [Date.parse(trackedAt)] : [];
  const facts = [orgId, channelId, taskId, end.state, ...tracking];
  return {
    attributes: { type, state: end.state, orgId, channelId },
    body: {
      specversion: "1.0",
      id: hash("sha256", facts.join("\n"), "hex"),
      source: `/enos/data-federation/${orgId}/${channelId}`,
      type,
      subject: taskId,
      datacontenttype: "application/json",
      dataschema: "urn:enos-download-status:event-data:1",
      data: { ...task, ...end, labels: {}, trackedAt },
    },
  };
}

/**
 * Compares the events that a subscriber received about a task, and the task's record afterwards, with what was
 * expected.
 *
 * @returns the differences, in words; empty if everything is as expected
 */
export async function differences(
  tracked: TrackedExample,
  received: readonly ReceivedMessage[],
  client: ServiceClient,
): Promise<string[]> {
  const { example, task, trackedAt } = tracked;
  const expected = announced(tracked);
  const found = [
    difference("events", received.map(withoutTimes), expected ? [expected] : []),
    ...received.map((message) => wrongTimes(message, tracked)),
  ];
  const record = await client.record(task);
  const { stateSince, finishedAt, ...rest } = record.envelope?.data ?? {};
  const { end } = example;
  const kept = end ?? {
    state: "running",
    progressCode: 1,
    progressDesc: "downloading",
    downloadUrl: null,
    dataSize: null,
    reason: null,
  };
  const expectedRecord = { ...task, ...kept, notFound: null, trackedAt };
  const told = Object.keys(expectedRecord).map((name) => [name, rest[name as keyof typeof rest]]);
  found.push(difference("record", Object.fromEntries(told), expectedRecord));
  const observedAt = timesOf(received[0]).observedAt ?? null;
  found.push(difference("record's finishedAt", finishedAt, observedAt));
  const list = await client.list({ orgId: task.orgId, state: kept.state });
  const listed = list.envelope?.data.tasks.filter(({ taskId }) => taskId === task.taskId);
  found.push(difference("list", listed, [record.envelope?.data]));
  return found.filter((text) => text !== undefined);
}

/** Undefined when there is none. */
function difference(what: string, actual: unknown, expected: unknown): string | undefined {
  try {
    deepStrictEqual(actual, expected);
    return undefined;
  } catch (error) {
    return `${what}: ${(error as Error).message}`;
  }
}

interface Times {
  time?: string;
  observedAt?: string;
  notEndedBefore?: string | null;
}

function timesOf(message: ReceivedMessage | undefined): Times {
  const body = message?.body as { time?: string; data?: Times } | undefined;
  const { observedAt, notEndedBefore } = body?.data ?? {};
  return {
    ...(body?.time && { time: body.time }),
    ...(observedAt && { observedAt }),
    ...(notEndedBefore !== undefined && { notEndedBefore }),
  };
}

function withoutTimes({ attributes, body }: ReceivedMessage): object {
  const { time, data, ...rest } = body as Times & { data: Times };
  const { observedAt, notEndedBefore, ...facts } = data;
  return { attributes, body: { ...rest, data: facts } };
}

/**
 * Checks the time of an event: after the task was tracked, not in the future, and not before the task was last known not
 * to have ended.
 */
function wrongTimes(message: ReceivedMessage, { trackedAt, endsAt }: TrackedExample): string | undefined {
  const { time, observedAt, notEndedBefore } = timesOf(message);
  const isObserved =
    time !== undefined && time === observedAt && trackedAt < time && Date.parse(time) <= Date.now();
  const isKnown =
    notEndedBefore === null ||
    (notEndedBefore !== undefined &&
      trackedAt <= notEndedBefore &&
      Date.parse(notEndedBefore) <= (endsAt ?? Date.now()));
  if (isObserved && isKnown) return undefined;
  return `times: tracked at ${trackedAt}, open until ${notEndedBefore}, observed at ${observedAt}, time ${time}`;
}
