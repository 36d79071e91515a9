import * as z from "zod/mini";
import { list, SETTINGS, type Setting, wholeNumber } from "../lib/settings.ts";

/** `true` or `false`. */
const flag = z.pipe(
  z.enum(["true", "false"], { error: "must be true or false" }),
  z.transform((text) => text === "true"),
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
    schema: z.string().check(z.regex(/^arn:/, "must be an ARN")),
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

/** Every setting of the service, as its documentation lists them. */
export const ALL_SETTINGS: Record<string, Setting> = { ...SETTINGS, ...DEPLOYMENT_SETTINGS };

/** What every setting is where nobody sets it; null where that is nothing. */
export const DEFAULT_SETTINGS: Record<string, string | null> = Object.fromEntries(
  Object.entries(ALL_SETTINGS).map(([name, setting]) => [name, setting.default ?? null]),
);
