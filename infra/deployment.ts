import { readSettings } from "../lib/settings.ts";

/** What osls was asked to do, as far as it matters here. */
export type Purpose = "package" | "deploy" | "offline";

/** Everything in the stack that depends on the deployer's environment. */
export interface Deployment {
  /** Settings of the functions, as the strings that Lambda wants. */
  settings: Record<string, string>;
  /** The authorizers of the HTTP API, by name. */
  authorizers: Record<string, object>;
  /** The authorizer of every route. */
  routeAuthorizer: { type: "aws_iam" } | { name: string };
  /** The CloudFormation parameter that holds `ENOS_API_BASE_URL`. */
  enosApiBaseUrl: Record<string, string>;
  /** What starts sweeps: as many schedules as there are to be sweeps at a time. */
  sweepSchedules: { schedule: { rate: string[]; input: object } }[];
  /** How long Lambda may hold back a sweep that it cannot start, in seconds. */
  sweepMaximumEventAge: number;
  /** A period of one sweep for metrics, in seconds. */
  sweepPeriod: number;
  /** How far behind the sweep may be before somebody has to look, in seconds. */
  watermarkLagLimit: number;
  /** The end of the topic's name: SNS knows a FIFO topic by it. */
  topicSuffix: "" | ".fifo";
  /** CloudFormation's `FifoTopic`, which a standard topic must not have. */
  fifoTopic: true | { Ref: "AWS::NoValue" };
  /** Who is told about an alarm. */
  alarmActions: string[];
}

/**
 * Derives the stack's variable parts from the deployer's environment.
 *
 * @param env where the settings stand; an empty value counts as unset
 * @param purpose deploying needs more than packaging; a local run may sweep every few seconds
 * @throws {Error} that names the variable that is missing or wrong
 */
export function deployment(env: NodeJS.ProcessEnv, purpose: Purpose): Deployment {
  const settings = readSettings(
    env,
    "ENOS_SECRET_PREFIX",
    "JWT_ORG_CLAIM",
    "SWEEP_INTERVAL_SECONDS",
    "SWEEP_SHARDS",
    "SWEEP_CONCURRENCY",
    "ENOS_REQUESTS_PER_SECOND",
    "TRACKING_DEADLINE_DAYS",
    "RETENTION_DAYS",
  );
  const { SWEEPERS } = readSettings(env, "SWEEPERS");
  const interval = settings.SWEEP_INTERVAL_SECONDS;
  if (purpose !== "offline" && interval % 60 !== 0) {
    throw new Error(
      `SWEEP_INTERVAL_SECONDS must be a multiple of 60: a schedule counts in minutes, not ${interval} s`,
    );
  }
  const minutes = Math.ceil(interval / 60);
  return {
    settings: {
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
      // To the functions an empty value is an unset one.
      JWT_ISSUER: env.JWT_ISSUER ?? "",
      JWT_AUDIENCE: env.JWT_AUDIENCE ?? "",
      LOG_LEVEL: env.LOG_LEVEL || "INFO",
    },
    ...authorizer(env),
    enosApiBaseUrl: enosApiBaseUrl(env, purpose),
    sweepSchedules: Array.from({ length: SWEEPERS }, () => ({
      schedule: { rate: [`rate(${minutes} ${minutes === 1 ? "minute" : "minutes"})`], input: {} },
    })),
    // Beyond that the next one has come; Lambda takes from one minute to six hours.
    sweepMaximumEventAge: Math.min(minutes * 60, 21_600),
    sweepPeriod: minutes * 60,
    watermarkLagLimit: Math.max(600, 5 * minutes * 60),
    ...eventsTopic(env),
    alarmActions: env.ALARM_TOPIC_ARN ? [env.ALARM_TOPIC_ARN] : [],
  };
}

/** Callers come with an issuer's JWT when there is an issuer, and with IAM credentials otherwise. */
function authorizer(env: NodeJS.ProcessEnv): Pick<Deployment, "authorizers" | "routeAuthorizer"> {
  const { JWT_ISSUER: issuerUrl, JWT_AUDIENCE: audience } = env;
  if (!issuerUrl && !audience) return { authorizers: {}, routeAuthorizer: { type: "aws_iam" } };
  // Falling back to IAM would lock every caller out, and quietly take another kind of caller in.
  if (!issuerUrl) throw new Error("JWT_ISSUER is missing, though JWT_AUDIENCE is set: set both or neither");
  if (!audience) throw new Error("JWT_AUDIENCE is missing, though JWT_ISSUER is set: set both or neither");
  if (URL.parse(issuerUrl)?.protocol !== "https:") throw new Error("JWT_ISSUER must be an https URL");
  return {
    authorizers: {
      jwt: { type: "jwt", identitySource: "$request.header.Authorization", issuerUrl, audience: [audience] },
    },
    routeAuthorizer: { name: "jwt" },
  };
}

/**
 * A parameter, so that a template packaged without the address is whole but cannot be deployed without one:
 * CloudFormation refuses a parameter that has neither a value nor a default.
 */
function enosApiBaseUrl(env: NodeJS.ProcessEnv, purpose: Purpose): Record<string, string> {
  if (purpose === "deploy" && !env.ENOS_API_BASE_URL) {
    throw new Error(
      "ENOS_API_BASE_URL is missing: set it to the address of the EnOS API gateway, https://apim-…",
    );
  }
  const parameter = {
    Type: "String",
    Description: "The EnOS API gateway (ENOS_API_BASE_URL)",
    AllowedPattern: "^https://[^/?#@]+/?$",
    ConstraintDescription: "an https origin without a path",
  };
  if (!env.ENOS_API_BASE_URL || purpose === "offline") return parameter;
  const { ENOS_API_BASE_URL } = readSettings(env, "ENOS_API_BASE_URL");
  if (!ENOS_API_BASE_URL.startsWith("https:")) {
    throw new Error("ENOS_API_BASE_URL must be https: nothing listens on a Lambda's loopback");
  }
  return { ...parameter, Default: ENOS_API_BASE_URL };
}

function eventsTopic(env: NodeJS.ProcessEnv): Pick<Deployment, "topicSuffix" | "fifoTopic"> {
  switch (env.EVENTS_TOPIC_FIFO || "false") {
    case "false":
      return { topicSuffix: "", fifoTopic: { Ref: "AWS::NoValue" } };
    case "true":
      return { topicSuffix: ".fifo", fifoTopic: true };
    default:
      throw new Error("EVENTS_TOPIC_FIFO must be true or false");
  }
}
