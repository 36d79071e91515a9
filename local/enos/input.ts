import * as z from "zod/mini";

// Messages for people who use the simulator by hand.
z.config(z.locales.en());

const Text = z.string().check(z.minLength(1));
const Id = Text.check(z.maxLength(256), z.regex(/^[^/]+$/, "must not contain a slash"));
const Count = z.int().check(z.minimum(0));
const Positive = z.int().check(z.positive());
const Milliseconds = z.number().check(z.minimum(0));
const UnixMs = z.number();

const Step = z.strictObject({
  afterMs: Milliseconds,
  progressCode: z.int(),
  progressDesc: z.optional(z.string()),
  downloadUrl: z.optional(z.nullable(z.string())),
  dataSize: z.optional(z.nullable(Count)),
});

const TimelineInput = z.array(Step).check(
  z.minLength(1),
  z.refine(
    (steps) => steps.every((each, index) => index === 0 || each.afterMs >= (steps[index - 1]?.afterMs ?? 0)),
    "steps must be in ascending order of afterMs",
  ),
);
const Timelines = z.array(TimelineInput).check(z.minLength(1));

/** Parts of an answer's shape: those given are fixed, the rest varies by task. */
export const ShapeInput = z.strictObject({
  data: z.exactOptional(z.enum(["object", "list", "list-with-strangers"])),
  progressCode: z.exactOptional(z.enum(["integer", "string"])),
  dataSize: z.exactOptional(z.enum(["absent", "number", "string"])),
  missingUrl: z.exactOptional(z.enum(["absent", "empty", "null"])),
  requestId: z.exactOptional(z.enum(["present", "absent"])),
  errorField: z.exactOptional(z.enum(["documented", "older-gateway", "code", "status", "apim_status"])),
  errorHttpStatus: z.exactOptional(z.enum(["ok", "matching"])),
  tokenStatus: z.exactOptional(z.enum(["status", "stauts"])),
});
export type ShapeInput = z.infer<typeof ShapeInput>;

export const OrganisationInput = z.strictObject({
  orgId: Id,
  accessKey: Text,
  secretKey: Text,
  channels: z.optional(z.array(Id)),
  tokenLifetimeSeconds: z.optional(z.number().check(z.positive())),
});
export type OrganisationInput = z.infer<typeof OrganisationInput>;

export const CredentialsInput = z
  .strictObject({ accessKey: z.optional(Text), secretKey: z.optional(Text) })
  .check(z.refine((given) => given.accessKey ?? given.secretKey, "accessKey or secretKey must be given"));
export type CredentialsInput = z.infer<typeof CredentialsInput>;

export const TasksInput = z.strictObject({
  orgId: Id,
  channelId: Id,
  taskIds: z.array(Id).check(z.minLength(1)),
  /** Assigned to the ids in turn. */
  timelines: Timelines,
  /** When the timelines start; now if omitted. */
  startedAt: z.optional(UnixMs),
  shape: z.optional(ShapeInput),
});
export type TasksInput = z.infer<typeof TasksInput>;

export const AnyTaskInput = z.strictObject({
  timelines: Timelines,
  startedAt: z.optional(UnixMs),
  spreadMs: z.optional(Count),
});
export type AnyTaskInput = z.infer<typeof AnyTaskInput>;

export const CreatedTimelineInput = z.strictObject({ timeline: TimelineInput });

/** How tasks call back: by default once, at their end and with their id. */
export const CallbacksInput = z.strictObject({
  /** 0: never. */
  times: z.exactOptional(Count.check(z.maximum(10))),
  /** Whether the body contains the task's id or an unknown one. */
  id: z.exactOptional(z.enum(["task", "another"])),
  /** The time from the end to the callback, which may be negative. */
  earlyMs: z.exactOptional(Milliseconds),
  lateMs: z.exactOptional(Milliseconds),
});
export type CallbacksInput = z.infer<typeof CallbacksInput>;

export const LogInput = z.strictObject({ size: Count.check(z.maximum(1_000_000)) });

const Endpoint = z.enum(["token", "status", "create", "cancel"]);
export type Endpoint = z.infer<typeof Endpoint>;

/** Which requests a fault applies to: those that match every given property. */
const SELECTION = {
  endpoint: z.optional(Endpoint),
  orgId: z.optional(Id),
  channelId: z.optional(Id),
  taskId: z.optional(Id),
  /** How many requests; unlimited if omitted. */
  times: z.optional(Positive),
  /** The probability for each request, 0 to 1; 1 if omitted. */
  probability: z.optional(z.number().check(z.minimum(0), z.maximum(1))),
};

function faultOf<const Kind extends string, Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) {
  return z.strictObject({ ...SELECTION, kind: z.literal(kind), ...shape });
}

/** What a fault does. */
export const Fault = z.discriminatedUnion("kind", [
  // Delays the answer; several add up, and another fault may apply as well.
  faultOf("latency", { ms: Milliseconds }),
  // Never answers.
  faultOf("hang", {}),
  // An answer of the gateway itself, before a request reaches a service: an HTTP error status, and no code.
  faultOf("gateway-refusal", { httpStatus: z.literal([400, 401, 403, 413, 429, 500, 503]) }),
  // 429, without Retry-After unless seconds are given.
  faultOf("rate-limit", {
    retryAfterSeconds: z.optional(Count),
    retryAfterForm: z.optional(z.enum(["seconds", "http-date"])),
  }),
  // A 5xx, with a JSON body unless `empty`.
  faultOf("server-error", {
    httpStatus: z.int().check(z.minimum(500), z.maximum(599)),
    body: z.optional(z.enum(["json", "empty"])),
  }),
  // A TCP reset after the call was carried out: its answer is lost.
  faultOf("reset", { at: z.enum(["before-answer", "in-body"]) }),
  // 200 with a JSON content type and truncated JSON.
  faultOf("garbage", {}),
  // 200 and text/html: a page, or the correct answer with the wrong type.
  faultOf("wrong-content-type", { body: z.optional(z.enum(["html", "answer"])) }),
  // 200 with content-length 0.
  faultOf("empty-body", {}),
  // The correct answer, one byte at a time.
  faultOf("slow-body", { everyMs: z.number().check(z.positive()) }),
  // The correct answer, padded with white space to 2 MiB or `bytes`; chunked unless a length is requested.
  faultOf("huge-body", {
    bytes: z.optional(Positive.check(z.maximum(256 * 1024 * 1024))),
    contentLength: z.optional(z.boolean()),
  }),
  // A status of another task.
  faultOf("wrong-task", {}),
  // A list of other finished tasks, with or without the requested one.
  faultOf("strangers", { includeTask: z.boolean() }),
  // The correct answer except for its progress code, 42 by default.
  faultOf("unknown-code", { progressCode: z.optional(z.int()) }),
  // Revokes the token and refuses it (4011 by default).
  faultOf("token-expired", { code: z.optional(z.literal([4011, 4012, 1203])) }),
  // Refuses correct credentials (1003 by default).
  faultOf("refused", { code: z.optional(z.literal([1002, 1003])) }),
  // Any EnOS error code, in the given field and with the given HTTP status, or as in the shape.
  faultOf("error", {
    code: Positive,
    msg: z.optional(z.string()),
    field: z.optional(z.enum(["code", "status", "apim_status"])),
    httpStatus: z.optional(z.int().check(z.minimum(200), z.maximum(599))),
  }),
]);
export type Fault = z.infer<typeof Fault>;
