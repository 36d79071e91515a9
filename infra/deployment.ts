import { isAbsolute, normalize } from "node:path";
import { gatewayProblem } from "../lib/enos/gateway.ts";
import { readPrivateCa } from "../lib/enos/private-ca.ts";
import {
  FUNCTIONS,
  type FunctionName,
  parseSettings,
  readSettings,
  SETTINGS,
  type Setting,
  type SettingsOf,
  settingsOf,
} from "../lib/settings.ts";
import type { AccountRules } from "./account.ts";
import type { ToldSettings } from "./changes.ts";
import { dashboard } from "./dashboard.ts";
import { CALLBACK_ROUTE_ID, CALLBACK_THROTTLE, httpApiEvents } from "./routes.ts";
import { ALL_SETTINGS, DEPLOYMENT_SETTINGS } from "./settings.ts";
import {
  isInterval,
  lagLimit,
  localSchedules,
  minutesOf,
  type ScheduleEvent,
  sweepSchedules,
} from "./sweeps.ts";
import { topicProperties, topicStatements } from "./topic.ts";

/** What osls was asked to do, as far as it matters here: every command that only asks, or removes, is one. */
export type Purpose = "package" | "deploy" | "offline" | "ask";

/** Everything in the stack that depends on the deployer's environment. */
export interface Deployment {
  /** The environment of each function: its settings, as text or as a reference to something in the stack. */
  environments: Partial<Record<FunctionName, Record<string, string | Reference>>>;
  /** Settings for other places of the template. */
  settings: Settings;
  /** The authorizers of the HTTP API, by name. */
  authorizers: Record<string, object>;
  /** The routes of the functions behind the HTTP API. */
  routes: ReturnType<typeof httpApiEvents>;
  /** The CloudFormation parameter that holds `ENOS_API_BASE_URL`. */
  enosApiBaseUrl: Record<string, string>;
  /** How long a lookup may take, in seconds. */
  lookupTimeout: number;
  /** Every setting that the deployer has chosen or left, as JSON: the stack tells it, for the next deployment. */
  told: string;
  /** What starts sweeps in the stack: as many schedules as there are to be sweeps at a time. */
  sweepSchedules: { Resources: Record<string, object> };
  /** What starts them in a local run. */
  sweepEvents: ScheduleEvent[];
  /** How long Lambda may hold back a sweep that it cannot start, in seconds. */
  sweepMaximumEventAge: number;
  /** A period of one sweep for metrics, in seconds. */
  sweepPeriod: number;
  /** A period for errors that sweeps count, in seconds: five minutes, or as long as it takes to have a sweep in each. */
  errorPeriod: number;
  /** A period for what sweeps tell for as long as it lasts, in seconds: a quarter of an hour, or the same. */
  refusedPeriod: number;
  /** In how many such periods somebody is stuck before it is told: a quarter of an hour, or two of them. */
  stuckPeriods: number;
  /** Of these so many are enough: two sweeps may end in one, and none in the next. */
  stuckPeriodsToAlarm: number;
  /** How far behind the sweep may be before somebody has to look, in seconds. */
  watermarkLagLimit: number;
  /** What the dashboard shows, as CloudFormation makes it text. */
  dashboard: object;
  /** The topic of terminal events, and the statements of its policy. */
  topicProperties: object;
  topicStatements: object[];
  /** Executions that are reserved for lookups, where any are. */
  statusConcurrency: number | Reference;
  /** Who is told about an alarm. */
  alarmActions: string[];
  /** What every resource of a kind is under. */
  accountRules: AccountRules;
  /** Tags of the stack itself. */
  stackTags: Record<string, string>;
  /** Files that are packaged with the functions that call EnOS. */
  enosFiles: string[];
  /** Which half of `infra/callbacks.yml` is deployed. */
  callbacks: "with" | "without";
  /** The name of the secret with the callbacks' key. */
  callbackKeyName: string;
  /** Limits of single routes, and the resources that have to be there before they can be set. */
  routeSettings: object;
  stageDependsOn: string[];
}

type Reference = { Ref: string } | { "Fn::GetAtt": [resource: string, attribute: string] };

/** The service's name, with which the names of its resources begin. */
const SERVICE = "enos-download-status";

/** CloudFormation takes a property of this value for one that is not there. */
const NO_VALUE = { Ref: "AWS::NoValue" };

/**
 * Settings of functions whose values the stack knows: the address of EnOS is a parameter of it, and its stage may
 * come from an option of osls.
 */
const REFERENCES = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of osls
  STAGE: "${sls:stage}",
  ENOS_API_BASE_URL: { Ref: "EnosApiBaseUrl" },
  TRACKED_TASKS_TABLE: { Ref: "TrackedTasksTable" },
  EVENTS_TOPIC_ARN: { Ref: "EventsTopic" },
  // Unless the deployer has a domain.
  CALLBACK_BASE_URL: { "Fn::GetAtt": ["HttpApi", "ApiEndpoint"] },
  CALLBACK_KEY_SECRET: { Ref: "CallbackKey" },
  HINT_QUEUE_URL: { Ref: "HintQueue" },
} satisfies Partial<Record<keyof typeof SETTINGS, string | Reference>>;

/** What the deployer sets, except for the address of EnOS and the stage. */
const DEPLOYERS = {
  ...(Object.fromEntries(
    Object.entries(SETTINGS).filter(([name]) => !Object.hasOwn(REFERENCES, name)),
  ) as Omit<typeof SETTINGS, keyof typeof REFERENCES>),
  ...DEPLOYMENT_SETTINGS,
};

/** References that the deployer's own value takes the place of. */
const OVERRIDABLE = new Set(["CALLBACK_BASE_URL"]);

/** The names of all that a deployer may set for a stage. */
export const DEPLOYER_SETTINGS: readonly string[] = [
  "ENOS_API_BASE_URL",
  ...OVERRIDABLE,
  ...Object.keys(DEPLOYERS),
];

type Settings = SettingsOf<typeof DEPLOYERS>;

/**
 * Derives the stack's variable parts from the deployer's environment.
 *
 * @param env where the settings stand; an empty value counts as unset
 * @param purpose deploying needs more than packaging; a local run may sweep every few seconds
 * @throws {Error} that names the variable that is missing or wrong
 */
export function deployment(env: NodeJS.ProcessEnv, purpose: Purpose): Deployment {
  refuseVariables(env);
  const settings = parseSettings(env, DEPLOYERS);
  const interval = settings.SWEEP_INTERVAL_SECONDS;
  if (purpose !== "offline" && !isInterval(interval)) {
    throw new Error(
      `SWEEP_INTERVAL_SECONDS must be 5, 10, 15, 20, 30 or a multiple of 60, not ${interval}: a schedule counts in minutes, and a sweep's rounds divide one`,
    );
  }
  const minutes = minutesOf(interval);
  const parameter = enosApiBaseUrl(env, purpose, settings);
  const ofFunctions = environments(env, purpose, settings);
  checkEnvironments(ofFunctions);
  const rules = accountRules(settings);
  const alarmTopic = inRegion(settings, "ALARM_TOPIC_ARN", "a topic");
  const stuckPeriods = Math.max(2, Math.ceil(15 / minutes));
  return {
    environments: ofFunctions,
    settings,
    ...callers(settings),
    lookupTimeout: lookupTimeout(settings.MAX_WAIT_SECONDS),
    enosApiBaseUrl: parameter,
    told: JSON.stringify(told(env, parameter.Default)),
    sweepSchedules: { Resources: sweepSchedules(settings.SWEEPERS, interval) },
    sweepEvents: purpose === "offline" ? localSchedules(settings.SWEEPERS, interval) : [],
    // Beyond that the next one has come; Lambda takes from one minute to six hours.
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
    alarmActions: alarmTopic ? [alarmTopic] : [],
    accountRules: rules,
    stackTags: rules.tags,
    // A CA that has expired must not keep anybody from looking.
    enosFiles: purpose === "package" || purpose === "deploy" ? enosFiles(settings) : [],
    ...callbacks(env, purpose, settings),
  };
}

function accountRules(settings: Settings): AccountRules {
  const { VPC_SUBNET_IDS: subnetIds, VPC_SECURITY_GROUP_IDS: securityGroupIds } = settings;
  if (!subnetIds !== !securityGroupIds) {
    const [missing, given] = subnetIds
      ? ["VPC_SECURITY_GROUP_IDS", "VPC_SUBNET_IDS"]
      : ["VPC_SUBNET_IDS", "VPC_SECURITY_GROUP_IDS"];
    throw new Error(`${missing} is missing, though ${given} is set: set both or neither`);
  }
  return {
    vpc: subnetIds && securityGroupIds && { subnetIds, securityGroupIds },
    tracing: settings.TRACING,
    permissionsBoundary: settings.PERMISSIONS_BOUNDARY_ARN,
    tags: settings.TAGS ?? {},
    logRetentionDays: settings.LOG_RETENTION_DAYS,
    keys: {
      secrets: inRegion(settings, "SECRETS_KMS_KEY_ARN", "a key"),
      events: inRegion(settings, "EVENTS_KMS_KEY_ARN", "a key"),
      table: inRegion(settings, "TABLE_KMS_KEY_ARN", "a key"),
    },
  };
}

/**
 * The ARN of what is used from the stack's region. No service uses a key of another, and no alarm a topic.
 *
 * @throws {Error} when it is elsewhere
 */
function inRegion(
  settings: Settings,
  name: "SECRETS_KMS_KEY_ARN" | "EVENTS_KMS_KEY_ARN" | "TABLE_KMS_KEY_ARN" | "ALARM_TOPIC_ARN",
  what: string,
): string | undefined {
  const region = settings[name]?.split(":")[3];
  if (region !== undefined && region !== settings.AWS_REGION) {
    throw new Error(
      `${name} must be ${what} in the stack's region, ${settings.AWS_REGION}, not in ${region}`,
    );
  }
  return settings[name];
}

/**
 * The file of the private CA. A function finds it where the project has it: under the same path.
 *
 * @throws {Error} when it is elsewhere, or no CA
 */
function enosFiles({ ENOS_CA_FILE: file }: Settings): string[] {
  if (file === undefined) return [];
  // osls would take other characters for a pattern.
  if (isAbsolute(file) || normalize(file) !== file || !/^(?!\.\.)[\w./-]+$/.test(file)) {
    throw new Error(
      "ENOS_CA_FILE must be the path of a file in this project, from its root: letters, digits, . _ - and / only",
    );
  }
  readPrivateCa(file);
  return [file];
}

/** The end of the name of the secret with the callbacks' key. */
const CALLBACK_KEY = "callback-key";

function callbacks(
  env: NodeJS.ProcessEnv,
  purpose: Purpose,
  { CALLBACKS, ENOS_SECRET_PREFIX }: Settings,
): Pick<Deployment, "callbacks" | "callbackKeyName" | "routeSettings" | "stageDependsOn"> {
  const callbackKeyName = `${SERVICE}/\${sls:stage}/${CALLBACK_KEY}`;
  if (!CALLBACKS) {
    return { callbacks: "without", callbackKeyName, routeSettings: NO_VALUE, stageDependsOn: [] };
  }
  if (env.CALLBACK_BASE_URL && purpose !== "offline") {
    const { CALLBACK_BASE_URL } = parseSettings(env, { CALLBACK_BASE_URL: SETTINGS.CALLBACK_BASE_URL });
    if (!CALLBACK_BASE_URL.startsWith("https:")) {
      throw new Error("CALLBACK_BASE_URL must be https: EnOS cannot call back to your loopback");
    }
  }
  // Whatever the stage: its name may have any beginning.
  if (`${SERVICE}/`.startsWith(ENOS_SECRET_PREFIX) || ENOS_SECRET_PREFIX.startsWith(`${SERVICE}/`)) {
    throw new Error(
      `ENOS_SECRET_PREFIX must not be a prefix of ${SERVICE}/: whoever may read the organisations' secrets could read the key of the callbacks there`,
    );
  }
  return {
    callbacks: "with",
    callbackKeyName,
    routeSettings: CALLBACK_THROTTLE,
    stageDependsOn: [CALLBACK_ROUTE_ID],
  };
}

/** osls would take `${…}` in a value for a variable of its own. */
function refuseVariables(env: NodeJS.ProcessEnv): void {
  const name = Object.keys(ALL_SETTINGS).find((name) => env[name]?.includes("${"));
  if (name) throw new Error(`${name} must not contain \${`);
}

/** What the stack says of itself; where it is, everybody knows who reads that. */
function told(env: NodeJS.ProcessEnv, enosApiBaseUrl: string | undefined): ToldSettings {
  const names = DEPLOYER_SETTINGS.filter((name) => name !== "AWS_REGION");
  const values = names.map((name) => [name, env[name] || ALL_SETTINGS[name]?.default || null]);
  return { ...Object.fromEntries(values), ENOS_API_BASE_URL: enosApiBaseUrl ?? null };
}

/** Functions that are there only with callbacks. */
const OF_CALLBACKS = new Set<FunctionName>(["callback", "hint"]);

function environments(
  env: NodeJS.ProcessEnv,
  purpose: Purpose,
  { CALLBACKS }: Settings,
): Deployment["environments"] {
  const each = FUNCTIONS.filter((name) => CALLBACKS || !OF_CALLBACKS.has(name)).map((name) => {
    // A local run knows no stack: what a resource would give comes from the environment.
    if (purpose === "offline") readSettings(env, name);
    const references: Record<string, string | Reference> = purpose === "offline" ? {} : REFERENCES;
    const variables = Object.entries<Setting>(settingsOf(name)).flatMap(([variable, setting]) => {
      const own = OVERRIDABLE.has(variable) && env[variable];
      const value = own || (references[variable] ?? (env[variable] || setting.default));
      return value === undefined ? [] : [[variable, value]];
    });
    return [name, Object.fromEntries(variables)];
  });
  return Object.fromEntries(each);
}

/** Lambda's limit for the environment of a function, and what of it may go to values that only the stack knows. */
const LARGEST_ENVIRONMENT = 4096;
const LARGEST_REFERENCE = 200;

/**
 * Refuses settings that are too long together: CloudFormation would only find out halfway through a deployment.
 *
 * @throws {Error} that names the longest
 */
function checkEnvironments(environments: Deployment["environments"]): void {
  for (const [name, variables] of Object.entries(environments)) {
    const sizes = Object.entries(variables).map(([variable, value]) => ({
      variable,
      size: variable.length + (typeof value === "string" ? Buffer.byteLength(value) : LARGEST_REFERENCE),
    }));
    // Beside them stands the level of the log.
    const excess = sizes.reduce((sum, { size }) => sum + size, 50) - LARGEST_ENVIRONMENT;
    const [longest] = sizes.sort((a, b) => b.size - a.size);
    if (excess <= 0 || !longest) continue;
    throw new Error(
      `${longest.variable} is too long by ${excess}: with it the function ${name} would have more than the ${LARGEST_ENVIRONMENT} bytes of environment that Lambda gives`,
    );
  }
}

/**
 * A call to EnOS has ten seconds, and one that waits begins its last check when its time is up. An HTTP API gives up a
 * function after thirty: of the last check after the longest wait there is room for three.
 */
function lookupTimeout(maxWaitSeconds: number): number {
  return Math.min(29, 15 + maxWaitSeconds);
}

/** Callers come with an issuer's JWT when there is an issuer, and with IAM credentials otherwise. */
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
 * A parameter, so that a template packaged without the address is whole but cannot be deployed without one:
 * CloudFormation refuses a parameter that has neither a value nor a default.
 */
function enosApiBaseUrl(
  env: NodeJS.ProcessEnv,
  purpose: Purpose,
  { ENOS_HTTP_HOSTS: httpHosts = [] }: Settings,
): Record<string, string> {
  if (purpose === "deploy" && !env.ENOS_API_BASE_URL) {
    throw new Error(
      "ENOS_API_BASE_URL is missing: set it to the address of the EnOS API gateway, https://apim-…",
    );
  }
  const parameter = {
    Type: "String",
    Description: "The EnOS API gateway (ENOS_API_BASE_URL)",
    AllowedPattern: `^(${[
      "https://[^/?#@]+",
      ...httpHosts.map((host) => `http://${host.replaceAll(/[.[\]]/g, "\\$&")}(:[0-9]+)?`),
    ].join("|")})/?$`,
    ConstraintDescription: "an https origin without a path, or an http one with a host of ENOS_HTTP_HOSTS",
  };
  if (!env.ENOS_API_BASE_URL || purpose === "offline") return parameter;
  const { ENOS_API_BASE_URL } = parseSettings(env, {
    ENOS_API_BASE_URL: SETTINGS.ENOS_API_BASE_URL,
    ENOS_HTTP_HOSTS: SETTINGS.ENOS_HTTP_HOSTS,
  });
  const problem = gatewayProblem(ENOS_API_BASE_URL, { httpHosts, isDeployed: true });
  if (problem) throw new Error(`ENOS_API_BASE_URL ${problem}`);
  return { ...parameter, Default: ENOS_API_BASE_URL };
}

/** Lambda's limit for the name of a function. */
const LONGEST_NAME = 64;

/**
 * Refuses a stage whose functions would have names that Lambda does not take: CloudFormation would only find out
 * halfway through a deployment.
 *
 * @param names the full names of the functions
 * @throws {Error} that says by how much
 */
export function checkNames(names: string[], stage: string): void {
  const excess = Math.max(...names.map(({ length }) => length)) - LONGEST_NAME;
  if (excess <= 0) return;
  throw new Error(
    `STAGE ${stage} is too long by ${excess}: with it a function's name would have more than the ${LONGEST_NAME} characters that Lambda takes`,
  );
}
