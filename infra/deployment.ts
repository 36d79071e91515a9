import { FUNCTIONS, type FunctionName, readSettings, type Setting, settingsOf } from "../lib/settings.ts";
import type { AccountRules } from "./account.ts";
import type { SettingValues } from "./changes.ts";
import { dashboard } from "./dashboard.ts";
import {
  DEPLOYER_SETTINGS,
  isPackaging,
  type Purpose,
  readDeployerSettings,
  type Settings,
  type STACK_SETTINGS,
} from "./deployer-settings.ts";
import { SERVICE } from "./names.ts";
import { CALLBACK_ROUTE_ID, CALLBACK_THROTTLE, httpApiEvents } from "./routes.ts";
import { ALL_SETTINGS } from "./settings.ts";
import { lagLimit, localSchedules, minutesOf, type ScheduleEvent, sweepSchedules } from "./sweeps.ts";
import { topicProperties, topicStatements } from "./topic.ts";

/** The parts of the template that depend on the deployer's settings. */
export interface Deployment {
  /** The environment of each function: its settings, as text or as a reference to a resource of the stack. */
  environments: Partial<Record<FunctionName, Record<string, string | Reference>>>;
  /** Settings that the template uses directly. */
  settings: Settings;
  /** The authorizers of the HTTP API, by name. */
  authorizers: Record<string, object>;
  /** The routes of the functions behind the HTTP API. */
  routes: ReturnType<typeof httpApiEvents>;
  /** The CloudFormation parameter that holds `ENOS_API_BASE_URL`. */
  enosApiBaseUrl: Record<string, string>;
  /** The timeout of a lookup, in seconds. */
  lookupTimeout: number;
  /** The deployer's settings as JSON: an output of the stack, with which the next deployment compares its own. */
  recordedSettings: string;
  /** The schedules that start sweeps in the stack, one for each sweeper. */
  sweepSchedules: { Resources: Record<string, object> };
  /** The same for a local run. */
  sweepEvents: ScheduleEvent[];
  /** How long Lambda may hold back a sweep that it cannot start, in seconds. */
  sweepMaximumEventAge: number;
  /** The period of metrics that every sweep emits, in seconds. */
  sweepPeriod: number;
  /** The period for errors that sweeps count, in seconds: five minutes, or long enough to contain a sweep. */
  errorPeriod: number;
  /** The period for conditions that every sweep reports while they last, in seconds: 15 minutes, or long enough. */
  refusedPeriod: number;
  /** The number of sweep periods over which the alarm for stuck organisations looks: 15 minutes, or two periods. */
  stuckPeriods: number;
  /** How many of them must be breaching: two sweeps may end in one period, and none in the next. */
  stuckPeriodsToAlarm: number;
  /** The lag above which the alarm goes off, in seconds. */
  watermarkLagLimit: number;
  /** The body of the dashboard. */
  dashboard: object;
  /** The topic of terminal events, and the statements of its policy. */
  topicProperties: object;
  topicStatements: object[];
  /** The reserved concurrency of lookups, if any. */
  statusConcurrency: number | Reference;
  /** The topics that alarms notify. */
  alarmActions: string[];
  /** What the account requires of every resource of a kind. */
  accountRules: AccountRules;
  /** Tags of the stack itself. */
  stackTags: Record<string, string>;
  /** Files that are packaged with the functions that call EnOS. */
  enosFiles: string[];
  /** Which half of `infra/callbacks.yml` is deployed. */
  callbacks: "with" | "without";
  /** The name of the secret with the callbacks' key. */
  callbackKeyName: string;
  /** Limits of single routes, and the resources that must exist before the limits can be set. */
  routeSettings: object;
  stageDependsOn: string[];
}

type Reference = { Ref: string } | { "Fn::GetAtt": [resource: string, attribute: string] };

/** CloudFormation treats a property with this value as absent. */
const NO_VALUE = { Ref: "AWS::NoValue" };

/** The values of settings that the stack provides. */
const REFERENCES: Record<(typeof STACK_SETTINGS)[number], string | Reference> = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of osls
  STAGE: "${sls:stage}",
  ENOS_API_BASE_URL: { Ref: "EnosApiBaseUrl" },
  TRACKED_TASKS_TABLE: { Ref: "TrackedTasksTable" },
  EVENTS_TOPIC_ARN: { Ref: "EventsTopic" },
  // Unless the deployer has a domain.
  CALLBACK_BASE_URL: { "Fn::GetAtt": ["HttpApi", "ApiEndpoint"] },
  CALLBACK_KEY_SECRET: { Ref: "CallbackKey" },
  HINT_QUEUE_URL: { Ref: "HintQueue" },
};

/**
 * Derives the variable parts of the template from the deployer's environment.
 *
 * @param env contains the settings; an empty value counts as unset
 * @throws {Error} that names the setting that is missing or wrong
 */
export function deployment(env: NodeJS.ProcessEnv, purpose: Purpose): Deployment {
  const settings = readDeployerSettings(env, purpose);
  const interval = settings.SWEEP_INTERVAL_SECONDS;
  const minutes = minutesOf(interval);
  const ofFunctions = environments(env, purpose, settings);
  checkEnvironments(ofFunctions);
  const rules = accountRules(settings);
  const stuckPeriods = Math.max(2, Math.ceil(15 / minutes));
  return {
    environments: ofFunctions,
    settings,
    ...callers(settings),
    lookupTimeout: lookupTimeout(settings.MAX_WAIT_SECONDS),
    enosApiBaseUrl: enosApiBaseUrl(settings),
    recordedSettings: JSON.stringify(recordedSettings(env, settings)),
    sweepSchedules: { Resources: sweepSchedules(settings.SWEEPERS, interval) },
    sweepEvents: purpose === "offline" ? localSchedules(settings.SWEEPERS, interval) : [],
    // After that the next sweep has started. Lambda accepts one minute to six hours.
    sweepMaximumEventAge: Math.min(minutes * 60, 21_600),
    sweepPeriod: minutes * 60,
    errorPeriod: Math.max(300, 2 * minutes * 60),
    refusedPeriod: Math.max(900, 2 * minutes * 60),
    stuckPeriods,
    stuckPeriodsToAlarm: Math.ceil(stuckPeriods * 0.8),
    watermarkLagLimit: lagLimit(interval),
    dashboard: dashboard({ ...settings, sweepPeriod: minutes * 60, lagLimit: lagLimit(interval) }),
    topicProperties: topicProperties(settings),
    topicStatements: topicStatements(settings),
    statusConcurrency: settings.STATUS_CONCURRENCY ?? NO_VALUE,
    alarmActions: settings.ALARM_TOPIC_ARN ? [settings.ALARM_TOPIC_ARN] : [],
    accountRules: rules,
    stackTags: rules.tags,
    // Under the same path as in the project, where the function looks for it.
    enosFiles: isPackaging(purpose) && settings.ENOS_CA_FILE ? [settings.ENOS_CA_FILE] : [],
    ...callbacks(settings),
  };
}

function accountRules(settings: Settings): AccountRules {
  const { VPC_SUBNET_IDS: subnetIds, VPC_SECURITY_GROUP_IDS: securityGroupIds } = settings;
  return {
    vpc: subnetIds && securityGroupIds && { subnetIds, securityGroupIds },
    tracing: settings.TRACING,
    permissionsBoundary: settings.PERMISSIONS_BOUNDARY_ARN,
    tags: settings.TAGS ?? {},
    logRetentionDays: settings.LOG_RETENTION_DAYS,
    keys: {
      secrets: settings.SECRETS_KMS_KEY_ARN,
      events: settings.EVENTS_KMS_KEY_ARN,
      table: settings.TABLE_KMS_KEY_ARN,
    },
  };
}

function callbacks({
  CALLBACKS,
}: Settings): Pick<Deployment, "callbacks" | "callbackKeyName" | "routeSettings" | "stageDependsOn"> {
  const callbackKeyName = `${SERVICE}/\${sls:stage}/callback-key`;
  return CALLBACKS
    ? {
        callbacks: "with",
        callbackKeyName,
        routeSettings: CALLBACK_THROTTLE,
        stageDependsOn: [CALLBACK_ROUTE_ID],
      }
    : { callbacks: "without", callbackKeyName, routeSettings: NO_VALUE, stageDependsOn: [] };
}

/** The region is left out: whoever reads the stack knows it. */
function recordedSettings(env: NodeJS.ProcessEnv, { ENOS_API_BASE_URL }: Settings): SettingValues {
  const names = DEPLOYER_SETTINGS.filter((name) => name !== "AWS_REGION");
  const values = names.map((name) => [name, env[name] || ALL_SETTINGS[name]?.default || null]);
  return { ...Object.fromEntries(values), ENOS_API_BASE_URL: ENOS_API_BASE_URL ?? null };
}

/** Functions that exist only with callbacks. */
const OF_CALLBACKS = new Set<FunctionName>(["callback", "hint"]);

function environments(
  env: NodeJS.ProcessEnv,
  purpose: Purpose,
  { CALLBACKS, CALLBACK_BASE_URL }: Settings,
): Deployment["environments"] {
  // A local run has no stack: what a resource would provide comes from the environment.
  const provided: Record<string, string | Reference> =
    purpose === "offline" ? {} : { ...REFERENCES, ...(CALLBACK_BASE_URL && { CALLBACK_BASE_URL }) };
  const each = FUNCTIONS.filter((name) => CALLBACKS || !OF_CALLBACKS.has(name)).map((name) => {
    if (purpose === "offline") readSettings(env, name);
    const variables = Object.entries<Setting>(settingsOf(name)).flatMap(([variable, setting]) => {
      const value = provided[variable] ?? (env[variable] || setting.default);
      return value === undefined ? [] : [[variable, value]];
    });
    return [name, Object.fromEntries(variables)];
  });
  return Object.fromEntries(each);
}

/** Lambda's limit for the environment of a function, and how much of it a value from the stack may take. */
const LARGEST_ENVIRONMENT = 4096;
const LARGEST_REFERENCE = 200;

/**
 * Refuses settings that are too long together: CloudFormation would notice only halfway through a deployment.
 *
 * @throws {Error} that names the longest
 */
function checkEnvironments(environments: Deployment["environments"]): void {
  for (const [name, variables] of Object.entries(environments)) {
    const sizes = Object.entries(variables).map(([variable, value]) => ({
      variable,
      size: variable.length + (typeof value === "string" ? Buffer.byteLength(value) : LARGEST_REFERENCE),
    }));
    // 50 for the log level, which every function has.
    const excess = sizes.reduce((sum, { size }) => sum + size, 50) - LARGEST_ENVIRONMENT;
    const [longest] = sizes.sort((a, b) => b.size - a.size);
    if (excess <= 0 || !longest) continue;
    throw new Error(
      `${longest.variable} is too long by ${excess}: the environment of the function ${name} would exceed Lambda's ${LARGEST_ENVIRONMENT} bytes`,
    );
  }
}

/**
 * A call to EnOS may take ten seconds, and a lookup that waits starts its last check when its wait is over. An HTTP API
 * gives up on a function after thirty seconds, which leaves three for the last check after the longest wait.
 */
function lookupTimeout(maxWaitSeconds: number): number {
  return Math.min(29, 15 + maxWaitSeconds);
}

/** Callers present a JWT if there is an issuer, and IAM credentials otherwise. */
function callers(settings: Settings): Pick<Deployment, "authorizers" | "routes"> {
  const { JWT_ISSUER: issuerUrl, JWT_AUDIENCE: audience, ORGANISATION_PATHS_ONLY } = settings;
  const paths = { organisationPathsOnly: ORGANISATION_PATHS_ONLY };
  if (!issuerUrl) return { authorizers: {}, routes: httpApiEvents({ type: "aws_iam" }, paths) };
  return {
    authorizers: {
      jwt: { type: "jwt", identitySource: "$request.header.Authorization", issuerUrl, audience },
    },
    routes: httpApiEvents({ name: "jwt" }, paths),
  };
}

/**
 * A parameter, so that a template can be packaged without the address, but not deployed without it: CloudFormation
 * refuses a parameter that has neither a value nor a default.
 */
function enosApiBaseUrl({
  ENOS_API_BASE_URL: url,
  ENOS_HTTP_HOSTS: httpHosts = [],
}: Settings): Record<string, string> {
  return {
    Type: "String",
    Description: "The EnOS API gateway (ENOS_API_BASE_URL)",
    AllowedPattern: `^(${[
      "https://[^/?#@]+",
      ...httpHosts.map((host) => `http://${host.replaceAll(/[.[\]]/g, "\\$&")}(:[0-9]+)?`),
    ].join("|")})/?$`,
    ConstraintDescription: "an https origin without a path, or an http one with a host of ENOS_HTTP_HOSTS",
    ...(url !== undefined && { Default: url }),
  };
}
