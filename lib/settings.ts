import * as z from "zod/mini";
import { gatewayProblem, gatewayUrl, isLoopback, isOwnHost } from "./enos/gateway.ts";
import {
  createSchedule,
  DEFAULT_GROWTH_PERCENT,
  DEFAULT_MAX_INTERVAL_SECONDS,
  type Schedule,
} from "./tasks/schedule.ts";

/** The Lambda functions, as `functions/` and `infra/functions.yml` name them. */
export const FUNCTIONS = ["status", "track", "sweep", "callback", "hint"] as const;

export type FunctionName = (typeof FUNCTIONS)[number];

/** A setting of the service: an environment variable. It is defined in one place only. */
export interface Setting {
  /** What it means, for `docs/settings.md`. */
  meaning: string;
  /** Validates and parses the value. Its messages follow the setting's name. */
  schema: z.core.$ZodType<unknown, string>;
  /** Used if it is not set. */
  default?: string;
  /** Nothing starts without it. */
  required?: true;
  /** What `docs/settings.md` shows as the default if there is none; "unset" if omitted. */
  unset?: string;
}

/** A whole number from `least` to `most`. */
export const wholeNumber = (least: number, most: number) =>
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN)),
    ),
    z
      .number({ error: "must be a whole number" })
      .check(z.minimum(least, `must be at least ${least}`), z.maximum(most, `must be at most ${most}`)),
  );

/** Distinct values, separated by commas. */
export const list = (entry: z.ZodMiniType<string, string>, most: number) =>
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text) => text.split(",").map((value) => value.trim())),
    ),
    z.array(entry).check(
      z.maxLength(most, `must list at most ${most} values`),
      z.refine((values) => new Set(values).size === values.length, "lists a value twice"),
    ),
  );

/** A URL to which paths are appended: https, or http on loopback. It is read without slashes at its end. */
const baseUrl = z.pipe(
  z.string().check(z.refine(isBaseUrl, "must be an https URL without a query (http on loopback only)")),
  z.transform((text) => {
    const { origin, pathname } = new URL(text);
    return `${origin}${pathname}`.replace(/\/+$/, "");
  }),
);

/** A host as in a URL, without a port: a name, an IPv4 address, or an IPv6 address in brackets. */
const hostName = z.string().check(
  z.refine(
    (host) =>
      /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(host) && URL.parse(`http://${host}/`)?.hostname === host,
    "must be host names or addresses in lower case, without scheme, port or path",
  ),
  z.refine((host) => !isOwnHost(host), "must not list loopback or link-local hosts: EnOS is never there"),
);

function isBaseUrl(value: string): boolean {
  const url = URL.parse(value);
  if (!url || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/**
 * The settings of the functions: for the functions themselves, for their environments in a deployment, and for the local
 * run. A test compares the table in `docs/settings.md` with it. `infra/settings.ts` has those that only a deployment reads.
 */
export const SETTINGS = {
  ENOS_API_BASE_URL: {
    meaning: "the URL of the EnOS API gateway, https",
    schema: gatewayUrl,
    required: true,
    functions: ["status", "sweep", "hint"],
  },
  ENOS_HTTP_HOSTS: {
    meaning: "hosts on private networks whose gateways may use plain http, separated by commas",
    schema: list(hostName, 50),
    unset: "none",
    functions: ["status", "sweep", "hint"],
  },
  ENOS_CA_FILE: {
    meaning:
      "a PEM file in this project with a private CA, which is trusted in addition to the public ones, but only for gateways",
    schema: z.string(),
    unset: "public CAs only",
    functions: ["status", "sweep", "hint"],
  },
  ENOS_SECRET_PREFIX: {
    meaning: "prefix of the secrets' names: the secret of organisation `o1` is named prefix + `o1`",
    schema: z
      .string()
      .check(
        z.regex(/^[A-Za-z0-9/_+=.@-]{1,256}$/, "has a character that is not allowed in a secret's name"),
      ),
    default: "enos/",
    functions: ["status", "track", "sweep", "hint"],
  },
  JWT_ISSUER: {
    meaning:
      "with `JWT_AUDIENCE`: callers present a JWT of this issuer; without both, they sign with AWS IAM (SigV4)",
    schema: z
      .string()
      .check(z.refine((url) => URL.parse(url)?.protocol === "https:", "must be an https URL")),
    functions: ["status", "track", "callback"],
  },
  JWT_AUDIENCE: {
    meaning: "accepted audiences, separated by commas: a JWT must name at least one",
    // API Gateway allows 50 for an authorizer.
    schema: list(z.string().check(z.minLength(1, "has an empty value")), 50),
    functions: ["status", "track", "callback"],
  },
  JWT_ORG_CLAIM: {
    meaning:
      "the claim with the organisations that the caller may access: an array, or a string separated by spaces",
    schema: z.string(),
    default: "orgs",
    functions: ["status", "track", "callback"],
  },
  MAX_WAIT_SECONDS: {
    meaning: "the longest time that a lookup waits for a task to end (`Prefer: wait`); 0 disables waiting",
    // An HTTP API waits thirty seconds for a function, and the last check needs some of them.
    schema: wholeNumber(0, 25),
    default: "25",
    functions: ["status"],
  },
  SWEEP_INTERVAL_SECONDS: {
    meaning:
      "the time between two sweeps, and the shortest time between two checks of a task: 5, 10, 15, 20, 30, or a multiple of 60",
    schema: wholeNumber(1, 86_400),
    default: "60",
    functions: ["status", "track", "sweep", "hint"],
  },
  CHECK_INTERVAL_GROWTH_PERCENT: {
    meaning: "the time between two checks of a task, in percent of its age",
    schema: wholeNumber(1, 100),
    default: `${DEFAULT_GROWTH_PERCENT}`,
    functions: ["track", "sweep", "hint"],
  },
  CHECK_INTERVAL_MAX_SECONDS: {
    meaning: "the longest time between two checks of a task, unless the sweep interval is longer",
    schema: wholeNumber(1, 86_400),
    default: `${DEFAULT_MAX_INTERVAL_SECONDS}`,
    functions: ["track", "sweep", "hint"],
  },
  SWEEP_SHARDS: {
    meaning: "number of shards of open tasks; can be changed at any time, up or down",
    schema: wholeNumber(1, 1024),
    default: "4",
    functions: ["track", "sweep", "hint"],
  },
  SWEEP_CONCURRENCY: {
    meaning:
      "call slots of one sweep: concurrent calls to EnOS that are answered within a second; with calls that wait for longer, up to 768",
    // Of 768 calls in all, at least 256 then wait beside the slots. Each has a socket, and Lambda allows 1,024 file
    // descriptors.
    schema: wholeNumber(1, 512),
    default: "64",
    functions: ["sweep", "hint"],
  },
  SWEEPERS: {
    meaning: "number of sweeps started in each interval; they share the shards, so at most `SWEEP_SHARDS`",
    // Each is a resource of the stack, and a stack may have 500.
    schema: wholeNumber(1, 100),
    default: "1",
    functions: ["sweep"],
  },
  ENOS_REQUESTS_PER_SECOND: {
    meaning: "calls per second for one organisation in one sweep",
    schema: wholeNumber(1, 1_000_000),
    default: "100",
    functions: ["sweep", "hint"],
  },
  TRACKING_DEADLINE_DAYS: {
    meaning: "how long a task is tracked before it is abandoned",
    schema: wholeNumber(1, 365),
    default: "7",
    functions: ["track", "sweep", "callback", "hint"],
  },
  RETENTION_DAYS: {
    meaning: "how long the record of a task is kept after its end",
    schema: wholeNumber(1, 3650),
    default: "30",
    functions: ["track", "sweep", "hint"],
  },
  STAGE: {
    meaning: "the stage of the stack: part of every name, and a dimension of every metric",
    schema: z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]*$/, "may only contain letters, digits and -")),
    default: "dev",
    functions: FUNCTIONS,
  },
  TRACKED_TASKS_TABLE: {
    meaning: "the table of tracked tasks",
    schema: z.string(),
    required: true,
    unset: "the stack's own",
    functions: ["track", "sweep", "hint"],
  },
  EVENTS_TOPIC_ARN: {
    meaning: "the SNS topic of terminal events",
    schema: z.string().check(z.regex(/^arn:/, "must be an ARN")),
    required: true,
    unset: "the stack's own",
    functions: ["sweep", "hint"],
  },
  CALLBACK_BASE_URL: {
    meaning: "the base of the callback URLs, if the API has a custom domain",
    schema: baseUrl,
    required: true,
    unset: "the stack's own",
    functions: ["callback"],
  },
  CALLBACK_KEY_SECRET: {
    meaning: "the secret with the key for the tokens in callback URLs",
    schema: z.string(),
    required: true,
    unset: "the stack's own",
    functions: ["callback"],
  },
  HINT_QUEUE_URL: {
    meaning: "the queue of hints, the tasks that EnOS has called back about",
    schema: z.string(),
    required: true,
    unset: "the stack's own",
    functions: ["callback", "hint"],
  },
} as const satisfies Record<string, Setting & { functions: readonly FunctionName[] }>;

type SettingName = keyof typeof SETTINGS;

/** Combinations that are not valid. A rule applies wherever all of its settings are read. */
const CONTRADICTIONS: {
  about: SettingName[];
  problem(values: SettingsOf<typeof SETTINGS>, isDeployed: boolean): string | false | undefined;
}[] = [
  {
    about: ["ENOS_API_BASE_URL"],
    problem({ ENOS_API_BASE_URL, ENOS_HTTP_HOSTS: httpHosts = [] }, isDeployed) {
      const problem = gatewayProblem(ENOS_API_BASE_URL, { httpHosts, isDeployed });
      return problem && `ENOS_API_BASE_URL ${problem}`;
    },
  },
  {
    about: ["JWT_ISSUER", "JWT_AUDIENCE"],
    // Falling back to IAM would lock out every caller, and silently let in callers of another kind.
    problem: ({ JWT_ISSUER, JWT_AUDIENCE }) =>
      (JWT_ISSUER === undefined) !== (JWT_AUDIENCE === undefined) &&
      `${JWT_ISSUER ? "JWT_AUDIENCE" : "JWT_ISSUER"} is missing, though ${JWT_ISSUER ? "JWT_ISSUER" : "JWT_AUDIENCE"} is set: set both or neither`,
  },
  {
    about: ["SWEEPERS", "SWEEP_SHARDS"],
    problem: ({ SWEEPERS, SWEEP_SHARDS }) =>
      SWEEPERS > SWEEP_SHARDS &&
      `SWEEPERS must be at most SWEEP_SHARDS (${SWEEP_SHARDS}): some of ${SWEEPERS} sweepers would have no shard`,
  },
];

/** Whether this runs in Lambda, which reserves this variable: a deployer cannot set it. */
export function isDeployed(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_LAMBDA_RUNTIME_API !== undefined;
}

/** The values of settings; undefined if one is not set, has no default and is not required. */
export type SettingsOf<Map extends Record<string, Setting>> = {
  [Name in keyof Map]:
    | z.output<Map[Name]["schema"]>
    | (Map[Name] extends { default: string } | { required: true } ? never : undefined);
};

type OfFunction<Name extends FunctionName> = {
  [Key in SettingName as Name extends (typeof SETTINGS)[Key]["functions"][number]
    ? Key
    : never]: (typeof SETTINGS)[Key];
};

/** The settings that a function reads, by name. */
export function settingsOf<Name extends FunctionName>(name: Name): OfFunction<Name> {
  const own = Object.entries<Setting & { functions: readonly FunctionName[] }>(SETTINGS).filter(
    ([, { functions }]) => functions.includes(name),
  );
  return Object.fromEntries(own) as OfFunction<Name>;
}

/**
 * Reads and validates the settings of a function.
 *
 * @param env usually `process.env`; an empty value counts as unset
 * @throws {Error} that names every invalid setting
 */
export function readSettings<Name extends FunctionName>(
  env: NodeJS.ProcessEnv,
  name: Name,
): SettingsOf<OfFunction<Name>> {
  return parseSettings(env, settingsOf(name));
}

/** The settings that the schedule follows from. */
export interface ScheduleSettings {
  SWEEP_INTERVAL_SECONDS: number;
  CHECK_INTERVAL_GROWTH_PERCENT: number;
  CHECK_INTERVAL_MAX_SECONDS: number;
}

/** The schedule that a function's settings describe: the same for all functions. */
export function scheduleOf(settings: ScheduleSettings): Schedule {
  return createSchedule({
    sweepIntervalSeconds: settings.SWEEP_INTERVAL_SECONDS,
    growthPercent: settings.CHECK_INTERVAL_GROWTH_PERCENT,
    maxIntervalSeconds: settings.CHECK_INTERVAL_MAX_SECONDS,
  });
}

/**
 * Like {@link readSettings}, for any map of settings.
 *
 * @param forDeployed whether they are those of a deployed function, wherever this runs
 */
export function parseSettings<Map extends Record<string, Setting>>(
  env: NodeJS.ProcessEnv,
  settings: Map,
  forDeployed = isDeployed(env),
): SettingsOf<Map> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const wrong = new Set<string>();
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[name] || setting.default;
    if (text === undefined) {
      values[name] = undefined;
      if (!setting.required) continue;
      problems.push(`${name} is missing`);
      wrong.add(name);
      continue;
    }
    const { data, error } = z.safeParse(setting.schema, text);
    values[name] = data;
    if (!error) continue;
    problems.push(`${name} ${error.issues[0]?.message}`);
    wrong.add(name);
  }
  for (const { about, problem } of CONTRADICTIONS) {
    const isRead = about.every((name) => name in values && !wrong.has(name));
    const found = isRead && problem(values as never, forDeployed);
    if (found) problems.push(found);
  }
  if (problems.length > 0) throw new Error(`Settings: ${problems.join("; ")}`);
  return values as SettingsOf<Map>;
}
