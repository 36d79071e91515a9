import { z } from "zod";

const id = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^/]+$/, "must not contain a slash");
const milliseconds = z.number().min(0);
const unixMs = z.number();
const errorCode = z.number().int().positive();

const step = z.strictObject({
  afterMs: milliseconds,
  progressCode: z.number().int(),
  progressDesc: z.string().optional(),
  downloadUrl: z.string().nullable().optional(),
  dataSize: z.number().int().min(0).nullable().optional(),
});

const timeline = z
  .array(step)
  .min(1)
  .refine(
    (steps) => steps.every((each, index) => index === 0 || each.afterMs >= (steps[index - 1]?.afterMs ?? 0)),
    "steps must be in ascending order of afterMs",
  );

/** Any part of an answer's shape: what is given is fixed, the rest keeps varying by task. */
export const shape = z.strictObject({
  data: z.enum(["object", "list", "list-with-strangers"]).exactOptional(),
  progressCode: z.enum(["integer", "string"]).exactOptional(),
  dataSize: z.enum(["absent", "number", "string"]).exactOptional(),
  missingUrl: z.enum(["absent", "empty", "null"]).exactOptional(),
  requestId: z.enum(["present", "absent"]).exactOptional(),
  errorField: z.enum(["documented", "older-gateway", "code", "status", "apim_status"]).exactOptional(),
  errorHttpStatus: z.enum(["ok", "matching"]).exactOptional(),
  tokenStatus: z.enum(["status", "stauts"]).exactOptional(),
});

export const organisation = z.strictObject({
  orgId: id,
  accessKey: z.string().min(1),
  secretKey: z.string().min(1),
  channels: z.array(id).optional(),
  tokenLifetimeSeconds: z.number().positive().optional(),
});

export const credentials = z
  .strictObject({ accessKey: z.string().min(1).optional(), secretKey: z.string().min(1).optional() })
  .refine((given) => given.accessKey ?? given.secretKey, "accessKey or secretKey must be given");

export const tasks = z.strictObject({
  orgId: id,
  channelId: id,
  taskIds: z.array(id).min(1),
  /** Dealt to the ids in turn. */
  timelines: z.array(timeline).min(1),
  /** When the timelines start; now when left out. */
  startedAt: unixMs.optional(),
  shape: shape.optional(),
});

export const anyTask = z.strictObject({
  timelines: z.array(timeline).min(1),
  startedAt: unixMs.optional(),
  spreadMs: z.number().int().min(0).optional(),
});

export const createdTimeline = z.strictObject({ timeline });

export const log = z.strictObject({ size: z.number().int().min(0).max(1_000_000) });

const endpoint = z.enum(["token", "status", "create", "cancel"]);

/** Which requests a fault meets: those that fit every part given. */
const selection = {
  endpoint: endpoint.optional(),
  orgId: id.optional(),
  channelId: id.optional(),
  taskId: id.optional(),
  /** How many requests; without end when left out. */
  times: z.number().int().positive().optional(),
  /** The chance of each request, 0 to 1; 1 when left out. */
  probability: z.number().min(0).max(1).optional(),
};

/** What a fault does, beside whom it meets. */
export const fault = z.discriminatedUnion("kind", [
  // Answers later; several add up, and another fault may come on top.
  z.strictObject({ ...selection, kind: z.literal("latency"), ms: milliseconds }),
  // Never answers.
  z.strictObject({ ...selection, kind: z.literal("hang") }),
  // 429, without Retry-After unless seconds are given.
  z.strictObject({
    ...selection,
    kind: z.literal("rate-limit"),
    retryAfterSeconds: z.number().int().min(0).optional(),
    retryAfterForm: z.enum(["seconds", "http-date"]).optional(),
  }),
  // A 5xx, with a JSON body unless `empty`.
  z.strictObject({
    ...selection,
    kind: z.literal("server-error"),
    httpStatus: z.number().int().min(500).max(599),
    body: z.enum(["json", "empty"]).optional(),
  }),
  // A TCP reset after the service has acted: what the call did is done, its answer is lost.
  z.strictObject({ ...selection, kind: z.literal("reset"), at: z.enum(["before-answer", "in-body"]) }),
  // 200 with a JSON content type and half a JSON text.
  z.strictObject({ ...selection, kind: z.literal("garbage") }),
  // 200 and text/html: a page, or the right answer under the wrong type.
  z.strictObject({
    ...selection,
    kind: z.literal("wrong-content-type"),
    body: z.enum(["html", "answer"]).optional(),
  }),
  // 200 with content-length 0.
  z.strictObject({ ...selection, kind: z.literal("empty-body") }),
  // The right answer, one byte at a time.
  z.strictObject({ ...selection, kind: z.literal("slow-body"), everyMs: z.number().positive() }),
  // The right answer, padded with white space to 2 MiB or `bytes`; chunked unless its length is to be said.
  z.strictObject({
    ...selection,
    kind: z.literal("huge-body"),
    bytes: z
      .number()
      .int()
      .positive()
      .max(256 * 1024 * 1024)
      .optional(),
    contentLength: z.boolean().optional(),
  }),
  // A status of another task.
  z.strictObject({ ...selection, kind: z.literal("wrong-task") }),
  // A list of finished tasks of others, with the one asked for among them or not.
  z.strictObject({ ...selection, kind: z.literal("strangers"), includeTask: z.boolean() }),
  // The right answer but for its progress code, 42 unless given.
  z.strictObject({
    ...selection,
    kind: z.literal("unknown-code"),
    progressCode: z.number().int().optional(),
  }),
  // Ends the token and says so (4011 unless given).
  z.strictObject({
    ...selection,
    kind: z.literal("token-expired"),
    code: z.union([z.literal(4011), z.literal(4012), z.literal(1203)]).optional(),
  }),
  // Refuses the credentials (1003 unless given), though they are right.
  z.strictObject({
    ...selection,
    kind: z.literal("refused"),
    code: z.union([z.literal(1002), z.literal(1003)]).optional(),
  }),
  // Any EnOS error code, put where and under the HTTP status that is given, else as the shape has it.
  z.strictObject({
    ...selection,
    kind: z.literal("error"),
    code: errorCode,
    msg: z.string().optional(),
    field: z.enum(["code", "status", "apim_status"]).optional(),
    httpStatus: z.number().int().min(200).max(599).optional(),
  }),
]);

export type OrganisationInput = z.infer<typeof organisation>;
export type CredentialsInput = z.infer<typeof credentials>;
export type TasksInput = z.infer<typeof tasks>;
export type AnyTaskInput = z.infer<typeof anyTask>;
export type ShapeInput = z.infer<typeof shape>;
export type Fault = z.infer<typeof fault>;
export type Endpoint = z.infer<typeof endpoint>;
