import * as z from "zod/mini";
import type { BulkOutcome } from "../../lib/http/bulk.ts";
import { type Envelope, REQUEST_ID_LENGTH } from "../../lib/http/envelope.ts";
import { CorrelationId, Labels, Traceparent } from "../../lib/tasks/carried.ts";
import { Id } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import { ABANDON_REASONS, STATES } from "../../lib/tasks/state.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import { documented, type JsonSchema } from "./json-schema.ts";

// The schemas of the answers. They are here because no function validates its own answers; they are tied to the types of
// the code, and tests validate every answer against them.

const Time = z.iso.datetime();
const Text = z.nullable(z.string().check(z.maxLength(512)));
const Url = z.nullable(z.string().check(z.maxLength(8192)));

const status: z.ZodMiniType<DownloadStatus> = z.object({
  taskId: Id,
  channelId: Id,
  orgId: Id,
  downloadUrl: Url,
  progressCode: z.int(),
  progressDesc: Text,
  dataSize: z.nullable(z.int()),
  state: z.enum(STATES.filter((state) => state !== "pending" && state !== "abandoned")),
  terminal: z.boolean(),
});

const record: z.ZodMiniType<TrackedTask> = z.object({
  orgId: Id,
  channelId: Id,
  taskId: Id,
  correlationId: z.nullable(CorrelationId),
  labels: Labels,
  traceparent: z.nullable(Traceparent),
  trackedAt: Time,
  deadlineAt: z.nullable(Time),
  state: z.enum(STATES),
  stateSince: Time,
  notFound: z.nullable(z.object({ since: Time, checks: z.int().check(z.minimum(1)) })),
  progressCode: z.nullable(z.int()),
  progressDesc: Text,
  downloadUrl: Url,
  dataSize: z.nullable(z.int()),
  finishedAt: z.nullable(Time),
  reason: z.nullable(z.enum(ABANDON_REASONS)),
});

const page = z.object({
  tasks: z.array(z.unknown()).check(z.maxLength(100)),
  cursor: z.nullable(z.string().check(z.maxLength(2048))),
});

const outcome: z.ZodMiniType<Omit<BulkOutcome, "record">> = z.object({
  channelId: z.nullable(z.string().check(z.maxLength(128))),
  taskId: z.nullable(z.string().check(z.maxLength(128))),
  status: z.int().check(z.minimum(200), z.maximum(599)),
  code: z.int(),
  msg: z.string().check(z.maxLength(512)),
});

const outcomes = z.object({
  outcomes: z.array(z.unknown()).check(z.maxLength(100)),
  failed: z.int().check(z.minimum(0), z.maximum(100)),
});

const envelope: z.ZodMiniType<Omit<Envelope, "data">> = z.object({
  code: z.int(),
  msg: z.string().check(z.maxLength(512)),
  requestId: z.string().check(z.maxLength(REQUEST_ID_LENGTH)),
});

const TASK = {
  orgId: "The organisation, as EnOS names it.",
  channelId: "The channel.",
  taskId: "The download task.",
};

const FILE = {
  progressCode: "EnOS's code for the state.",
  progressDesc: "EnOS's description of the state, cut after 512 characters. Do not base decisions on it.",
  downloadUrl: "The file's URL, as EnOS gave it; null until there is one.",
  dataSize: "The file's size in bytes; null if EnOS does not say.",
};

const SAMPLE = {
  orgId: "o15504722874071",
  channelId: "ch-dee0c5",
  taskId: "79449f27d3ff44b3990c547360c2851f",
};

/** Samples of answers' data, for the document's examples. */
export const SAMPLES = {
  status: {
    ...SAMPLE,
    downloadUrl: null,
    progressCode: 1,
    progressDesc: "downloading",
    dataSize: null,
    state: "running",
    terminal: false,
  } satisfies DownloadStatus,
  record: {
    ...SAMPLE,
    correlationId: "order-4711",
    labels: { site: "Lemmer" },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    trackedAt: "2026-11-24T18:55:48.862Z",
    deadlineAt: "2026-11-24T20:55:48.862Z",
    state: "pending",
    stateSince: "2026-11-24T18:55:48.862Z",
    notFound: null,
    progressCode: null,
    progressDesc: null,
    downloadUrl: null,
    dataSize: null,
    finishedAt: null,
    reason: null,
  } satisfies TrackedTask,
} as const;

const nullable = (name: string) => ({ oneOf: [{ $ref: `#/components/schemas/${name}` }, { type: "null" }] });

/** The schemas of answers, by their names in the document. */
export function answerSchemas(): Record<string, JsonSchema> {
  const TaskPage = documented(page, {
    description: "A page of a list.",
    properties: {
      tasks: "The records.",
      cursor:
        "The cursor of the next page; null on the last page. A page with few records need not be the last.",
    },
  });
  const BulkOutcomes = documented(outcomes, {
    description: "The outcomes for many tasks.",
    properties: {
      outcomes: "An outcome for each task, in the order of the tasks.",
      failed: "How many of them are not known to be tracked.",
    },
  });
  const Outcome = documented(outcome, {
    description: "The outcome for one of many tasks.",
    properties: {
      channelId: "As it was sent; null if it was not a string.",
      taskId: "As it was sent; null if it was not a string.",
      status: "The status that a `PUT` of this task alone would have had.",
      code: "0, or the code of the failure.",
      msg: "The failure, in words.",
    },
  });
  (BulkOutcomes.properties as Record<string, JsonSchema>).outcomes = {
    ...(BulkOutcomes.properties as Record<string, JsonSchema>).outcomes,
    items: { $ref: "#/components/schemas/BulkOutcome" },
  };
  (TaskPage.properties as Record<string, JsonSchema>).tasks = {
    ...(TaskPage.properties as Record<string, JsonSchema>).tasks,
    items: { $ref: "#/components/schemas/TrackedTask" },
  };
  return {
    DownloadStatus: documented(status, {
      description: "The status of a download task, according to EnOS. What EnOS did not give is null.",
      properties: {
        ...TASK,
        ...FILE,
        state: "The state; `unknown` for a code that EnOS does not document.",
        terminal: "Whether the task has ended.",
      },
      examples: [SAMPLES.status],
    }),
    TrackedTask: documented(record, {
      description: "The record of a tracked task. What is unknown or was not given is null.",
      properties: {
        ...TASK,
        ...FILE,
        correlationId: "The caller's own identifier for what the task belongs to, from the first request.",
        labels: "The caller's own information about the task, from the first request.",
        traceparent: "The caller's position in a distributed trace, from the first request.",
        trackedAt: "Since when the task has been tracked.",
        deadlineAt:
          "When tracking gives up, if the caller has set that; null if only the service's own deadline applies.",
        state: "The last known state: `pending` before the first check, `abandoned` if tracking gave up.",
        stateSince: "Since when that state is known.",
        notFound: "Since when EnOS has not known the task, and in how many checks, counted up to three.",
        finishedAt: "When its end was observed.",
        reason: "Why tracking gave up.",
      },
      examples: [SAMPLES.record],
    }),
    TaskPage,
    BulkOutcome: {
      ...Outcome,
      properties: { ...(Outcome.properties as object), record: nullable("TrackedTask") },
      required: [...(Outcome.required as string[]), "record"],
    },
    BulkOutcomes,
    Envelope: documented(envelope, {
      description: "The fields of every answer of the service with a body, besides `data`.",
      properties: {
        code: "0 for success, otherwise the error's code.",
        msg: "`success`, or what is wrong, in words.",
        requestId: "Identifies the request, for questions to the operator.",
      },
    }),
    Failure: {
      description: "The service's answer to a request that failed.",
      allOf: [{ $ref: "#/components/schemas/Envelope" }],
      type: "object",
      properties: { data: { type: "null", description: "Nothing." } },
      required: ["data"],
    },
    GatewayMessage: {
      description:
        "API Gateway's own answer, to a request that did not reach the service or that the service did not answer.",
      type: "object",
      properties: { message: { type: ["string", "null"], maxLength: 512, description: "What is wrong." } },
      required: ["message"],
    },
  };
}
