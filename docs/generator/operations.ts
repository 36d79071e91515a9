import * as z from "zod/mini";
import { BulkTask, bulkBody } from "../../lib/http/bulk.ts";
import { ListQuery } from "../../lib/http/list.ts";
import { CALLBACK_ROUTE, CHANNEL_PATH, TASK_PATH } from "../../lib/http/routes.ts";
import { TrackingBody } from "../../lib/http/tracking.ts";
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
  403: "The caller may not ask about the organisation, or the service does not serve it (99403); or EnOS refuses it.",
  404: "There is no such thing: EnOS does not know the task (99404) or the channel (81404), or the task is not tracked.",
  413: "The body is too long (99413).",
  429: "Too many requests: EnOS limits traffic (99429), or API Gateway does.",
  "4XX": "EnOS refuses this request for a reason of its own: `code` is EnOS's, and ends in this status.",
  500: "The service is at fault (99500); its log has the `requestId`.",
  502: "EnOS refuses the service's credentials, is broken, or answers something else than documented (99502, or EnOS's own).",
  503: "The service did not get to it in time (99503), or API Gateway had nobody to ask.",
  504: "EnOS does not answer in time (99504).",
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
    description: "The organisation, as EnOS names it. Where the query has it as well, it is the same.",
    schema: jsonSchema(Id),
    example: "o15504722874071",
  },
};

const prefer = {
  name: "Prefer",
  in: "header",
  description:
    "`wait=N` (RFC 7240): answers as soon as the task has ended, else with its state after N seconds, of which at most 25 count. Other preferences are ignored.",
  schema: { type: "string", maxLength: 1024 },
  example: "wait=25",
};

const traceparent = {
  name: "traceparent",
  in: "header",
  description:
    "The caller's place in a distributed trace (W3C Trace Context): it comes back in the record and in the event. One that is not valid is ignored.",
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
  "Cache-Control": ["No answer may be kept.", "no-store"],
  "Content-Security-Policy": ["An answer is no page.", "default-src 'none'; frame-ancestors 'none'"],
  "Referrer-Policy": ["Its address is told to nobody.", "no-referrer"],
  "Strict-Transport-Security": ["The service is there over TLS only.", "max-age=63072000; includeSubDomains"],
  "X-Content-Type-Options": ["Its type is what it says.", "nosniff"],
  "X-Frame-Options": ["It is shown in no frame.", "DENY"],
} as const;

/** Headers of some answers. */
export const SOME_HEADERS: Record<string, JsonSchema> = {
  "Retry-After": {
    description: "After how many seconds to ask again, if the service says so.",
    schema: { type: "integer", format: "int32", minimum: 0, maximum: 86_400 },
    example: 60,
  },
  "Preference-Applied": {
    description: "How long was waited at most, of what was preferred (RFC 7240).",
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
    "Only tasks that ended then or later, in the order of their ends (RFC 3339, with a zone). Who was away asks from a few minutes before the last end that it knows.",
  limit: "Records of a page at most.",
  cursor: "The cursor of the page before, with the same other parameters.",
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
    "The caller's own name for what the task belongs to: it comes back in the record and in the event.",
  labels:
    "The caller's own facts about the task, by name: ten at most, 2,048 bytes of names and texts in all.",
  traceparent: "As the header of that name; goes before it.",
  deadlineSeconds: "When tracking gives up, in seconds from now: no longer than the service's own deadline.",
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
        description: "One of many tasks that are to be tracked.",
        properties: { channelId: "The channel.", taskId: "The download task.", ...OPTIONS },
      },
      "input",
    ),
  );
  const many = documented(
    bulkBody(z.unknown()),
    { description: "Tasks of one organisation that are to be tracked.", properties: { tasks: "The tasks." } },
    "input",
  );
  const { tasks } = many.properties as Record<string, JsonSchema>;
  return {
    TrackingOptions: withLimits(
      documented(TrackingBody, { description: "What may be said of a task.", properties: OPTIONS }, "input"),
    ),
    TaskToTrack: task,
    TasksToTrack: { ...many, properties: { tasks: { ...tasks, items: ref("schemas", "TaskToTrack") } } },
  };
}

const json = (name: string, required: boolean, example: unknown): JsonSchema => ({
  required,
  content: { "application/json": { schema: ref("schemas", name), example } },
});

const { correlationId, labels } = SAMPLES.record;
const sampleTask = { channelId: SAMPLES.record.channelId, taskId: SAMPLES.record.taskId };

/** Every operation, in the order of the document. */
export const OPERATIONS: readonly Operation[] = [
  {
    routeKey: `GET ${TASK_PATH}/status`,
    operationId: "getStatus",
    tag: "Ask",
    summary: "How a download task is doing",
    description:
      "Asks EnOS, in one signed call. With `Prefer: wait=N` EnOS is asked every two seconds until the task has ended or the time is up; a traffic limit, refused credentials and a task that EnOS does not know end the wait.",
    parameters: [channelId, taskId, prefer],
    answers: {
      200: answer("How the task is doing.", ref("schemas", "DownloadStatus"), SAMPLES.status, [
        "Retry-After",
        "Preference-Applied",
      ]),
    },
    failures: [400, 403, 404, 429, "4XX", 500, 502, 503, 504],
  },
  {
    routeKey: `PUT ${TASK_PATH}/tracking`,
    operationId: "track",
    tag: "Track",
    summary: "Have a download task tracked",
    description:
      "Starts to track the task, or does nothing where it is tracked already: then the answer has the values that were given first, whatever this request gives.",
    parameters: [channelId, taskId, traceparent],
    requestBody: json("TrackingOptions", false, { correlationId, labels, deadlineSeconds: 7200 }),
    answers: {
      200: answer("The task was tracked already.", ref("schemas", "TrackedTask"), SAMPLES.record, [
        "Retry-After",
      ]),
      201: answer("Tracking has started.", ref("schemas", "TrackedTask"), SAMPLES.record, ["Retry-After"]),
    },
    failures: [400, 403, 404, 413, 429, 500, 503],
  },
  {
    routeKey: `GET ${TASK_PATH}/tracking`,
    operationId: "getTracking",
    tag: "Track",
    summary: "The record of a tracked task",
    description: "What the service knows of the task: its last known state, and how it ended.",
    parameters: [channelId, taskId],
    answers: {
      200: answer("The record.", ref("schemas", "TrackedTask"), SAMPLES.record, ["Retry-After"]),
    },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: `DELETE ${TASK_PATH}/tracking`,
    operationId: "untrack",
    tag: "Track",
    summary: "End the tracking of a task",
    description: "Forgets the task; also where there was none.",
    parameters: [channelId, taskId],
    answers: { 204: { description: "The task is not tracked.", headers: headerRefs() } },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: "GET /tracked-tasks",
    operationId: "listTasks",
    tag: "Track",
    summary: "The tracked tasks of an organisation",
    description:
      "A page of records. With `finishedSince` they are those that ended, in the order of their ends; else in no promised order.",
    parameters: listParameters(),
    answers: {
      200: answer("A page.", ref("schemas", "TaskPage"), { tasks: [SAMPLES.record], cursor: null }),
    },
    failures: [400, 403, 404, 429, 500, 503],
  },
  {
    routeKey: "POST /tracked-tasks",
    operationId: "trackMany",
    tag: "Track",
    summary: "Have many download tasks tracked",
    description:
      "Up to 100 tasks of one organisation, with an outcome for each. What is not known to be tracked has the status 503: it may be sent again.",
    parameters: [traceparent],
    requestBody: json("TasksToTrack", true, { tasks: [{ ...sampleTask, correlationId, labels }] }),
    answers: {
      207: answer(
        "What became of each task.",
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
    routeKey: `GET ${CHANNEL_PATH}/callback-url`,
    operationId: "getCallbackUrl",
    tag: "Callbacks",
    summary: "The URL to give EnOS as callbackURL",
    description:
      "The URL that EnOS is to call when downloads of this channel have ended, to be given when a download is created: a task that it is called for is checked at once. Only where the stack was deployed with `CALLBACKS`.",
    parameters: [channelId],
    answers: {
      200: answer(
        "The URL.",
        {
          type: "object",
          description: "Where EnOS may call.",
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
    routeKey: CALLBACK_ROUTE,
    operationId: "callBack",
    tag: "Callbacks",
    summary: "EnOS's callback",
    description:
      "Says that a task may have ended. Nothing in it is believed: the task is checked with EnOS. It is answered at once, whatever becomes of it.",
    open: true,
    parameters: [
      {
        name: "token",
        in: "path",
        required: true,
        description: "What was given out in the URL.",
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
    answers: { 202: answer("It was taken.", { type: "null", description: "Nothing." }, null) },
    failures: [400, 404, 413, 429, 500, 503],
  },
];
