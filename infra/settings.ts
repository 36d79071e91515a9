import * as z from "zod/mini";
import { SETTINGS, type Setting } from "../lib/settings.ts";

/** `true` or `false`. */
export const flag = z.pipe(
  z.enum(["true", "false"], { error: "must be true or false" }),
  z.transform((text) => text === "true"),
);

/** Settings that only the deployment knows; those of the functions are in `lib/settings.ts`. */
export const DEPLOYMENT_SETTINGS = {
  EVENTS_TOPIC_FIFO: {
    meaning: "`true` makes the topic a FIFO topic: a task's events in order, and once within five minutes",
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
