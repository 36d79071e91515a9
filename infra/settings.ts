import * as z from "zod/mini";
import { list, SETTINGS, type Setting, wholeNumber } from "../lib/settings.ts";

/** `true` or `false`. */
const flag = z.pipe(
  z.enum(["true", "false"], { error: "must be true or false" }),
  z.transform((text) => text === "true"),
);

/** The retention periods that CloudWatch Logs offers, in days. */
const LOG_RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
].map(String);

/** The ARN of a key. An alias cannot be used in a policy, and may later point to another key. */
const keyArn = z
  .string()
  .check(
    z.regex(
      /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
      "must be the ARN of a key, not of an alias",
    ),
  );

/** `name=value`, with the characters that every service accepts in tags. */
const tag = z.string().check(
  z.regex(
    /^[\w./+:\- ]{1,128}=[\w./=+:@\- ]{0,256}$/,
    "must be name=value pairs, separated by commas, with letters, digits, spaces and . / + : - _ (and = and @ in values)",
  ),
  z.refine((text) => !/^aws:/i.test(text), "must not begin with aws:, which is reserved for AWS"),
);

/** Settings that only a deployment reads. `lib/settings.ts` has those of the functions. */
export const DEPLOYMENT_SETTINGS = {
  ORGANISATION_PATHS_ONLY: {
    meaning:
      "`true` omits the routes with the organisation in the query, to which an IAM policy cannot limit access by organisation",
    schema: flag,
    default: "false",
  },
  API_REQUESTS_PER_SECOND: {
    meaning: "requests per second that the API accepts; others get 429",
    schema: wholeNumber(1, 100_000),
    default: "100",
  },
  API_BURST: {
    meaning: "the largest burst of requests that the API accepts",
    schema: wholeNumber(1, 100_000),
    default: "200",
  },
  STATUS_CONCURRENCY: {
    meaning: "reserved concurrency of lookups, which is also their limit",
    schema: wholeNumber(1, 100_000),
    unset: "none reserved",
  },
  EVENTS_TOPIC_FIFO: {
    meaning:
      "`true` makes the topic a FIFO topic: a task's events arrive in order, and only once within five minutes",
    schema: flag,
    default: "false",
  },
  EVENTS_ARCHIVE_DAYS: {
    meaning: "how long a FIFO topic keeps messages for replay",
    schema: wholeNumber(1, 365),
    unset: "not at all",
  },
  SUBSCRIBER_ACCOUNTS: {
    meaning:
      "AWS accounts that may subscribe to the topic, separated by commas; they can receive events of every organisation",
    schema: list(z.string().check(z.regex(/^\d{12}$/, "must be account numbers of twelve digits")), 50),
    unset: "none",
  },
  CALLBACKS: {
    meaning: "`true` adds a route for EnOS's callbacks, which are treated as hints",
    schema: flag,
    default: "false",
  },
  ALARM_TOPIC_ARN: {
    meaning: "an SNS topic that alarms notify",
    schema: z
      .string()
      .check(
        z.regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$/, "must be the ARN of an SNS topic"),
      ),
  },
  VPC_SUBNET_IDS: {
    meaning: "the subnets of the functions, separated by commas; requires `VPC_SECURITY_GROUP_IDS`",
    // Lambda allows 16 for a function.
    schema: list(z.string().check(z.regex(/^subnet-[0-9a-f]{8,17}$/, "must be subnet ids, subnet-…")), 16),
    unset: "outside a VPC",
  },
  VPC_SECURITY_GROUP_IDS: {
    meaning: "the security groups of the functions, separated by commas; requires `VPC_SUBNET_IDS`",
    // Lambda allows 5 for a function.
    schema: list(z.string().check(z.regex(/^sg-[0-9a-f]{8,17}$/, "must be security group ids, sg-…")), 5),
    unset: "outside a VPC",
  },
  SECRETS_KMS_KEY_ARN: {
    meaning: "the KMS key of the organisations' secrets and of the callbacks' key",
    schema: keyArn,
    unset: "AWS's own",
  },
  EVENTS_KMS_KEY_ARN: { meaning: "the KMS key of the topic", schema: keyArn, unset: "AWS's own" },
  TABLE_KMS_KEY_ARN: { meaning: "the KMS key of the table", schema: keyArn, unset: "AWS's own" },
  PERMISSIONS_BOUNDARY_ARN: {
    meaning: "the permissions boundary of every role",
    schema: z
      .string()
      .check(z.regex(/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/, "must be the ARN of a policy")),
  },
  TAGS: {
    meaning: "tags of the stack and of every resource that supports tags: `name=value`, separated by commas",
    // A resource may have 50, and CloudFormation and osls add some.
    schema: z.pipe(
      list(tag, 40).check(
        z.refine(
          (tags) => new Set(tags.map((text) => nameOf(text).toLowerCase())).size === tags.length,
          "has a name twice (case does not matter)",
        ),
      ),
      z.transform((tags) =>
        Object.fromEntries(tags.map((text) => [nameOf(text), text.slice(nameOf(text).length + 1)])),
      ),
    ),
    unset: "none",
  },
  TRACING: { meaning: "`true` traces every function with X-Ray", schema: flag, default: "false" },
  LOG_RETENTION_DAYS: {
    meaning: "how long logs are kept",
    schema: z.pipe(
      z.enum(LOG_RETENTIONS, { error: `must be one of ${LOG_RETENTIONS.join(", ")}` }),
      z.transform(Number),
    ),
    default: "30",
  },
  LOG_LEVEL: {
    meaning: "the log level of the functions",
    schema: z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "SILENT", "CRITICAL"], {
      error: "must be a log level: TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL or SILENT",
    }),
    default: "INFO",
  },
  AWS_REGION: { meaning: "the region of the stack", schema: z.string(), default: "eu-central-1" },
} as const satisfies Record<string, Setting>;

/** The name in `name=value`. */
function nameOf(tag: string): string {
  return tag.slice(0, tag.indexOf("="));
}

/** Every setting of the service, in the order of its documentation. */
export const ALL_SETTINGS: Record<string, Setting> = { ...SETTINGS, ...DEPLOYMENT_SETTINGS };

/** The default of every setting; null if there is none. */
export const DEFAULT_SETTINGS: Record<string, string | null> = Object.fromEntries(
  Object.entries(ALL_SETTINGS).map(([name, setting]) => [name, setting.default ?? null]),
);
