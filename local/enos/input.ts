import * as z from "zod/mini";

// Whoever plays with the simulator by hand wants to know what is wrong, not only where.
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

/** Any part of an answer's shape: what is given is fixed, the rest keeps varying by task. */
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
  /** Dealt to the ids in turn. */
  timelines: Timelines,
  /** When the timelines start; now when left out. */
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

/** How tasks call back: once, at their end and with their id, unless it is said otherwise. */
export const CallbacksInput = z.strictObject({
  /** 0: never. */
  times: z.exactOptional(Count.check(z.maximum(10))),
  /** Whether the id in the body is the task's, or one that nobody knows. */
  id: z.exactOptional(z.enum(["task", "another"])),
  /** So long before, or after, the end. */
  earlyMs: z.exactOptional(Milliseconds),
  lateMs: z.exactOptional(Milliseconds),
});
export type CallbacksInput = z.infer<typeof CallbacksInput>;

export const LogInput = z.strictObject({ size: Count.check(z.maximum(1_000_000)) });

const Endpoint = z.enum(["token", "status", "create", "cancel"]);
export type Endpoint = z.infer<typeof Endpoint>;

/** Which requests a fault meets: those that fit every part given. */
const SELECTION = {
  endpoint: z.optional(Endpoint),
  orgId: z.optional(Id),
  channelId: z.optional(Id),
  taskId: z.optional(Id),
  /** How many requests; without end when left out. */
  times: z.optional(Positive),
  /** The chance of each request, 0 to 1; 1 when left out. */
  probability: z.optional(z.number().check(z.minimum(0), z.maximum(1))),
};

function faultOf<const Kind extends string, Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) {
  return z.strictObject({ ...SELECTION, kind: z.literal(kind), ...shape });
}

/** What a fault does, beside whom it meets. */
export const Fault = z.discriminatedUnion("kind", [
  // Answers later; several add up, and another fault may come on top.
  faultOf("latency", { ms: Milliseconds }),
  // Never answers.
  faultOf("hang", {}),
  // What the gateway itself says before a request reaches a service: a real HTTP status, and no code.
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
  // A TCP reset after the service has acted: what the call did is done, its answer is lost.
  faultOf("reset", { at: z.enum(["before-answer", "in-body"]) }),
  // 200 with a JSON content type and half a JSON text.
  faultOf("garbage", {}),
  // 200 and text/html: a page, or the right answer under the wrong type.
  faultOf("wrong-content-type", { body: z.optional(z.enum(["html", "answer"])) }),
  // 200 with content-length 0.
  faultOf("empty-body", {}),
  // The right answer, one byte at a time.
  faultOf("slow-body", { everyMs: z.number().check(z.positive()) }),
  // The right answer, padded with white space to 2 MiB or `bytes`; chunked unless its length is to be said.
  faultOf("huge-body", {
    bytes: z.optional(Positive.check(z.maximum(256 * 1024 * 1024))),
    contentLength: z.optional(z.boolean()),
  }),
  // A status of another task.
  faultOf("wrong-task", {}),
  // A list of finished tasks of others, with the one asked for among them or not.
  faultOf("strangers", { includeTask: z.boolean() }),
  // The right answer but for its progress code, 42 unless given.
  faultOf("unknown-code", { progressCode: z.optional(z.int()) }),
  // Ends the token and says so (4011 unless given).
  faultOf("token-expired", { code: z.optional(z.literal([4011, 4012, 1203])) }),
  // Refuses the credentials (1003 unless given), though they are right.
  faultOf("refused", { code: z.optional(z.literal([1002, 1003])) }),
  // Any EnOS error code, put where and under the HTTP status that is given, else as the shape has it.
  faultOf("error", {
    code: Positive,
    msg: z.optional(z.string()),
    field: z.optional(z.enum(["code", "status", "apim_status"])),
    httpStatus: z.optional(z.int().check(z.minimum(200), z.maximum(599))),
  }),
]);
export type Fault = z.infer<typeof Fault>;
