import * as z from "zod/mini";
import { list, SETTINGS, type Setting, wholeNumber } from "../lib/settings.ts";

/** `true` or `false`. */
const flag = z.pipe(
  z.enum(["true", "false"], { error: "must be true or false" }),
  z.transform((text) => text === "true"),
);

/** Periods for which CloudWatch Logs keeps a log. */
const LOG_RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
].map(String);

/** The ARN of a key: an alias cannot be named in a policy, and may become another key's. */
const keyArn = z
  .string()
  .check(
    z.regex(
      /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
      "must be the ARN of a key, and not of an alias",
    ),
  );

/** `name=value`, of what every service takes for a tag. */
const tag = z.string().check(
  z.regex(
    /^[\w./+:\- ]{1,128}=[\w./=+:@\- ]{0,256}$/,
    "must be name=value, separated by commas, of letters, digits, spaces and . / + : - _ (= and @ in values)",
  ),
  z.refine((text) => !/^aws:/i.test(text), "must not begin with aws:, which is AWS's own"),
);

/** Settings that only the deployment knows; those of the functions are in `lib/settings.ts`. */
export const DEPLOYMENT_SETTINGS = {
  ORGANISATION_PATHS_ONLY: {
    meaning:
      "`true` leaves out the routes that have the organisation in the query, which no IAM policy can tell apart",
    schema: flag,
    default: "false",
  },
  API_REQUESTS_PER_SECOND: {
    meaning: "requests that the API takes in a second; more are refused with 429",
    schema: wholeNumber(1, 100_000),
    default: "100",
  },
  API_BURST: {
    meaning: "requests that it takes at once",
    schema: wholeNumber(1, 100_000),
    default: "200",
  },
  STATUS_CONCURRENCY: {
    meaning: "executions that are reserved for lookups, and as many as they may take",
    schema: wholeNumber(1, 100_000),
    unset: "none reserved",
  },
  EVENTS_TOPIC_FIFO: {
    meaning: "`true` makes the topic a FIFO topic: a task's events in order, and once within five minutes",
    schema: flag,
    default: "false",
  },
  EVENTS_ARCHIVE_DAYS: {
    meaning: "how long a FIFO topic keeps its messages, for subscribers to replay",
    schema: wholeNumber(1, 365),
    unset: "not at all",
  },
  SUBSCRIBER_ACCOUNTS: {
    meaning:
      "AWS accounts that may subscribe to the topic, separated by commas; they hear of every organisation",
    schema: list(
      z.string().check(z.regex(/^\d{12}$/, "must be numbers of accounts, of twelve digits each")),
      50,
    ),
    unset: "none",
  },
  CALLBACKS: {
    meaning: "`true` opens the route for EnOS's callbacks, and takes them as hints",
    schema: flag,
    default: "false",
  },
  ALARM_TOPIC_ARN: {
    meaning: "an SNS topic that hears of the alarms",
    schema: z
      .string()
      .check(
        z.regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$/, "must be the ARN of an SNS topic"),
      ),
  },
  VPC_SUBNET_IDS: {
    meaning: "the subnets where the functions run, separated by commas; with `VPC_SECURITY_GROUP_IDS`",
    // Lambda takes 16 for a function.
    schema: list(
      z.string().check(z.regex(/^subnet-[0-9a-f]{8,17}$/, "must be ids of subnets, subnet-…")),
      16,
    ),
    unset: "outside a VPC",
  },
  VPC_SECURITY_GROUP_IDS: {
    meaning: "the security groups of the functions there, separated by commas",
    // Lambda takes 5 for a function.
    schema: list(z.string().check(z.regex(/^sg-[0-9a-f]{8,17}$/, "must be ids of security groups, sg-…")), 5),
    unset: "outside a VPC",
  },
  SECRETS_KMS_KEY_ARN: {
    meaning: "the key of the organisations' secrets, and of the callbacks' own",
    schema: keyArn,
    unset: "AWS's own",
  },
  EVENTS_KMS_KEY_ARN: { meaning: "the key of the topic", schema: keyArn, unset: "AWS's own" },
  TABLE_KMS_KEY_ARN: { meaning: "the key of the table", schema: keyArn, unset: "AWS's own" },
  PERMISSIONS_BOUNDARY_ARN: {
    meaning: "the boundary of every role",
    schema: z
      .string()
      .check(z.regex(/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/, "must be the ARN of a policy")),
  },
  TAGS: {
    meaning: "tags of the stack and of every resource that can have some: `name=value`, separated by commas",
    // A resource may have 50; some are CloudFormation's and the deployment's.
    schema: z.pipe(
      list(tag, 40).check(
        z.refine(
          (tags) => new Set(tags.map((text) => nameOf(text).toLowerCase())).size === tags.length,
          "has a name twice, in small or in capital letters",
        ),
      ),
      z.transform((tags) =>
        Object.fromEntries(tags.map((text) => [nameOf(text), text.slice(nameOf(text).length + 1)])),
      ),
    ),
    unset: "none",
  },
  TRACING: { meaning: "`true` has every function traced with X-Ray", schema: flag, default: "false" },
  LOG_RETENTION_DAYS: {
    meaning: "how long every log is kept",
    schema: z.pipe(
      z.enum(LOG_RETENTIONS, { error: `must be one of ${LOG_RETENTIONS.join(", ")}` }),
      z.transform(Number),
    ),
    default: "30",
  },
  LOG_LEVEL: {
    meaning: "of the functions",
    schema: z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "SILENT", "CRITICAL"], {
      error: "must be a level: TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL or SILENT",
    }),
    default: "INFO",
  },
  AWS_REGION: { meaning: "the stack's region", schema: z.string(), default: "eu-central-1" },
} as const satisfies Record<string, Setting>;

/** The name of a tag that is written `name=value`. */
function nameOf(tag: string): string {
  return tag.slice(0, tag.indexOf("="));
}

/** Every setting of the service, as its documentation lists them. */
export const ALL_SETTINGS: Record<string, Setting> = { ...SETTINGS, ...DEPLOYMENT_SETTINGS };

/** What every setting is where nobody sets it; null where that is nothing. */
export const DEFAULT_SETTINGS: Record<string, string | null> = Object.fromEntries(
  Object.entries(ALL_SETTINGS).map(([name, setting]) => [name, setting.default ?? null]),
);
