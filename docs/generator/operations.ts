import * as z from "zod/mini";
import { MOST_RETRY_AFTER_SECONDS } from "../../lib/enos/retry-after.ts";
import { BULK_BODY_BYTES, BulkTask, bulkBody } from "../../lib/http/bulk.ts";
import { ListQuery } from "../../lib/http/list.ts";
import { ROUTES } from "../../lib/http/routes.ts";
import { TRACKING_BODY_BYTES, TrackingBody } from "../../lib/http/tracking.ts";
import { Id } from "../../lib/tasks/key.ts";
import { SAMPLES } from "./answers.ts";
import { documented, type JsonSchema, jsonSchema } from "./json-schema.ts";

/** A reference to a header, parameter, response or schema of the document. */
const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

/** An operation of the service. */
export interface Operation {
  /** The key of the route in API Gateway, with the organisation in the query. */
  routeKey: string;
  operationId: string;
  tag: string;
  summary: string;
  description: string;
  parameters: JsonSchema[];
  requestBody?: JsonSchema;
  /** Without authentication, and so without an organisation. */
  open?: true;
  /** Successful answers, by status. */
  answers: Record<string, JsonSchema>;
  /** The statuses of the service's own errors. */
  failures: readonly (keyof typeof FAILURES)[];
}

/** The errors of the service, by status. */
export const FAILURES = {
  400: "The request is not valid; `msg` names what is wrong. `code` is 99400, or EnOS's own.",
  403: "The caller has no access to the organisation, or it has no secret, which lookups and tracking need (99403); or EnOS refuses access.",
  404: "EnOS does not know the task (99404) or the channel (81404), or the task is not tracked.",
  413: "The body is too long (99413).",
  429: "Too many requests: EnOS limits traffic (99429), or API Gateway does.",
  "4XX": "EnOS rejects the request: `code` is EnOS's own, and its last three digits are the status.",
  500: "Internal error (99500); the log has the `requestId`.",
  502: "EnOS refuses the service's credentials, has failed, or gave an undocumented answer (99502, or EnOS's own code).",
  503: "The request ran out of time (99503), or API Gateway could not start the function.",
  504: "EnOS did not answer in time (99504).",
} as const;

const channelId = {
  name: "channelId",
  in: "path",
  required: true,
  description: "The channel.",
  schema: jsonSchema(Id),
};
const taskId = {
  name: "taskId",
  in: "path",
  required: true,
  description: "The download task.",
  schema: jsonSchema(Id),
};

/** The organisation, in the query or in the path. */
export const ORGANISATION = {
  inQuery: {
    name: "orgId",
    in: "query",
    required: true,
    description: "The organisation, as EnOS names it.",
    schema: jsonSchema(Id),
    example: "o15504722874071",
  },
  inPath: {
    name: "orgId",
    in: "path",
    required: true,
    description: "The organisation, as EnOS names it. If the query has it as well, it must be the same.",
    schema: jsonSchema(Id),
    example: "o15504722874071",
  },
};

const prefer = {
  name: "Prefer",
  in: "header",
  description:
    "`wait=N` (RFC 7240): the answer comes as soon as the task has ended, otherwise after N seconds, at most 25, with the task's state. Other preferences are ignored.",
  schema: { type: "string", maxLength: 1024 },
  example: "wait=25",
};

const traceparent = {
  name: "traceparent",
  in: "header",
  description:
    "The caller's position in a distributed trace (W3C Trace Context), returned in the record and in the event. An invalid one is ignored.",
  schema: { type: "string", maxLength: 1024 },
  example: SAMPLES.record.traceparent,
};

/** An answer in the envelope. */
function answer(description: string, data: JsonSchema, example: unknown, headers: string[] = []): JsonSchema {
  const names = ["Retry-After", "Preference-Applied"].filter((name) => headers.includes(name));
  return {
    description,
    headers: headerRefs(names),
    content: {
      "application/json": {
        schema: {
          allOf: [ref("schemas", "Envelope")],
          type: "object",
          properties: { data },
          required: ["data"],
        },
        example: { code: 0, msg: "success", requestId: "JKJaXmPLvHcESHA=", data: example },
      },
    },
  };
}

/** Headers on every answer of the service. */
export const HEADERS = {
  "Cache-Control": ["Answers must not be cached.", "no-store"],
  "Content-Security-Policy": ["Answers are not pages.", "default-src 'none'; frame-ancestors 'none'"],
  "Referrer-Policy": ["Sends no `Referer`.", "no-referrer"],
  "Strict-Transport-Security": [
    "The service is available over TLS only.",
    "max-age=63072000; includeSubDomains",
  ],
  "X-Content-Type-Options": ["The content type is not to be guessed.", "nosniff"],
  "X-Frame-Options": ["Answers must not be shown in a frame.", "DENY"],
} as const;

/** Headers of some answers. */
export const SOME_HEADERS: Record<string, JsonSchema> = {
  "Retry-After": {
    description: "In how many seconds to ask again.",
    schema: { type: "integer", format: "int32", minimum: 0, maximum: MOST_RETRY_AFTER_SECONDS },
    example: 60,
  },
  "Preference-Applied": {
    description: "The preferred wait that was applied (RFC 7240), in seconds.",
    schema: { type: "string", maxLength: 64, pattern: "^wait=\\d+$" },
    example: "wait=25",
  },
};

/** References to the headers of every answer, and to further ones. */
export function headerRefs(more: readonly string[] = []): JsonSchema {
  const names = [...Object.keys(HEADERS), ...more];
  return Object.fromEntries(names.map((name) => [name, ref("headers", name)]));
}

const LIST_PARAMETERS: Record<keyof typeof ListQuery.shape, string> = {
  state: "Only tasks in one of these states.",
  channelId: "Only tasks of this channel.",
  finishedSince:
    "Only tasks that ended at this time or later (RFC 3339, with a zone), in the order of their ends. To catch up, ask from a few minutes before the last known end.",
  limit: "The maximum number of records in a page.",
  cursor: "The cursor of the previous page; all other parameters must be the same.",
};

function listParameters(): JsonSchema[] {
  const { properties } = jsonSchema(ListQuery) as { properties: Record<string, JsonSchema> };
  return Object.entries(LIST_PARAMETERS).map(([name, description]) => {
    const schema = properties[name] as JsonSchema;
    const isList = schema.type === "array" ? { style: "form", explode: false } : {};
    return { name, in: "query", required: false, description, schema, ...isList };
  });
}

const OPTIONS = {
  correlationId:
    "The caller's own identifier for what the task belongs to, returned in the record and in the event.",
  labels:
    "The caller's own information about the task, by name, returned in the record and in the event: at most ten labels, and 2,048 bytes in all.",
  traceparent: "Like the header of the same name, and takes precedence over it.",
  deadlineSeconds: "In how many seconds tracking gives up, if that is before the service's own deadline.",
};

/** The schemas of requests, by their names in the document. */
export function requestSchemas(): Record<string, JsonSchema> {
  const withLimits = (schema: JsonSchema): JsonSchema => {
    const properties = schema.properties as Record<string, JsonSchema>;
    return { ...schema, properties: { ...properties, labels: { ...properties.labels, maxProperties: 10 } } };
  };
  const task = withLimits(
    documented(
      BulkTask,
      {
        description: "One of many tasks to track.",
        properties: { channelId: "The channel.", taskId: "The download task.", ...OPTIONS },
      },
      "input",
    ),
  );
  const many = documented(
    bulkBody(z.unknown()),
    { description: "Tasks of one organisation to track.", properties: { tasks: "The tasks." } },
    "input",
  );
  const { tasks } = many.properties as Record<string, JsonSchema>;
  return {
    TrackingOptions: withLimits(
      documented(TrackingBody, { description: "Options of tracking a task.", properties: OPTIONS }, "input"),
    ),
    TaskToTrack: task,
    TasksToTrack: { ...many, properties: { tasks: { ...tasks, items: ref("schemas", "TaskToTrack") } } },
  };
}

const json = (
  name: string,
  { required, most, example }: { required: boolean; most: number; example: unknown },
): JsonSchema => ({
  required,
  description: `At most ${most.toLocaleString("en")} bytes.`,
  content: { "application/json": { schema: ref("schemas", name), example } },
});

const { correlationId, labels } = SAMPLES.record;
const sampleTask = { channelId: SAMPLES.record.channelId, taskId: SAMPLES.record.taskId };

/** Every operation, in the order of the document. */
export const OPERATIONS: readonly Operation[] = [
  {
    routeKey: ROUTES.status,
    operationId: "getStatus",
    tag: "Ask",
    summary: "Get the status of a download task",
    description:
      "Asks EnOS, in one signed call. With `Prefer: wait=N`, EnOS is asked every two seconds until the task has ended or the time is up. The wait also ends if EnOS limits traffic, refuses the credentials or does not know the task.",
    parameters: [channelId, taskId, prefer],
    answers: {
      200: answer("The status.", ref("schemas", "DownloadStatus"), SAMPLES.status, [
        "Retry-After",
        "Preference-Applied",
      ]),
    },
    failures: [400, 403, 404, 429, "4XX", 500, 502, 503, 504],
  },
  {
    routeKey: ROUTES.put,
    operationId: "track",
    tag: "Track",
    summary: "Track a download task",
    description:
      "Starts to track the task. If it is tracked already, nothing changes: the answer has the values of the first request.",
    parameters: [channelId, taskId, traceparent],
    requestBody: json("TrackingOptions", {
      required: false,
      most: TRACKING_BODY_BYTES,
      example: { correlationId, labels, deadlineSeconds: 7200 },
    }),
    answers: {
      200: answer("The task was tracked already.", ref("schemas", "TrackedTask"), SAMPLES.record, [
        "Retry-After",
      ]),
      201: answer("Tracking has started.", ref("schemas", "TrackedTask"), SAMPLES.record, ["Retry-After"]),
    },
    failures: [400, 403, 404, 413, 429, 500, 503],
  },
  {
    routeKey: ROUTES.get,
    operationId: "getTracking",
    tag: "Track",
    summary: "Get the record of a tracked task",
    description: "The task's last known state, and how it ended.",
    parameters: [channelId, taskId],
    answers: {
      200: answer("The record.", ref("schemas", "TrackedTask"), SAMPLES.record, ["Retry-After"]),
    },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: ROUTES.delete,
    operationId: "untrack",
    tag: "Track",
    summary: "Stop tracking a task",
    description: "Stops tracking the task; 204 also if it was not tracked.",
    parameters: [channelId, taskId],
    answers: { 204: { description: "The task is not tracked.", headers: headerRefs() } },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: ROUTES.list,
    operationId: "listTasks",
    tag: "Track",
    summary: "List the tracked tasks of an organisation",
    description:
      "A page of records. With `finishedSince`, only tasks that have ended, in the order of their ends; otherwise in no particular order.",
    parameters: listParameters(),
    answers: {
      200: answer("A page.", ref("schemas", "TaskPage"), { tasks: [SAMPLES.record], cursor: null }),
    },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: ROUTES.bulk,
    operationId: "trackMany",
    tag: "Track",
    summary: "Track many download tasks",
    description:
      "Starts to track up to 100 tasks of one organisation, with an outcome for each. Status 503 means that it is not known whether the task is tracked: it can be sent again.",
    parameters: [traceparent],
    requestBody: json("TasksToTrack", {
      required: true,
      most: BULK_BODY_BYTES,
      example: { tasks: [{ ...sampleTask, correlationId, labels }] },
    }),
    answers: {
      207: answer(
        "The outcome for each task.",
        ref("schemas", "BulkOutcomes"),
        {
          outcomes: [{ ...sampleTask, status: 201, code: 0, msg: "success", record: SAMPLES.record }],
          failed: 0,
        },
        ["Retry-After"],
      ),
    },
    failures: [400, 403, 404, 413, 429, 500, 503],
  },
  {
    routeKey: ROUTES.callbackUrl,
    operationId: "getCallbackUrl",
    tag: "Callbacks",
    summary: "Get the URL to give EnOS as callbackURL",
    description:
      "The URL for EnOS to call when a download of this channel has ended: give it to EnOS when a download is created. A task for which EnOS calls it is checked at once. Only if the stack was deployed with `CALLBACKS`.",
    parameters: [channelId],
    answers: {
      200: answer(
        "The URL.",
        {
          type: "object",
          description: "The URL for EnOS.",
          properties: {
            callbackUrl: {
              type: "string",
              format: "uri",
              maxLength: 2048,
              description: "The URL; it is secret.",
            },
          },
          required: ["callbackUrl"],
        },
        { callbackUrl: "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/callbacks/a-token" },
      ),
    },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: ROUTES.callback,
    operationId: "callBack",
    tag: "Callbacks",
    summary: "EnOS's callback",
    description:
      "Reports that a task may have ended. It is only a hint: the task is then checked with EnOS. The answer comes at once, before the check.",
    open: true,
    parameters: [
      {
        name: "token",
        in: "path",
        required: true,
        description: "The token in the URL that the service has issued.",
        schema: jsonSchema(Id),
      },
    ],
    requestBody: {
      required: false,
      description: "As EnOS sends it; only `id` is read.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { id: { type: "string", maxLength: 128, description: "The download task." } },
          },
          example: { id: SAMPLES.record.taskId },
        },
      },
    },
    answers: { 202: answer("Accepted.", { type: "null", description: "Nothing." }, null) },
    failures: [400, 404, 413, 429, 500, 503],
  },
];
