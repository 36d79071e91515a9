import * as z from "zod/mini";
import { gatewayOrigin, gatewayProblem, isLoopback, isOwnHost } from "./enos/gateway.ts";
import { DEFAULT_GROWTH_PERCENT, DEFAULT_MAX_INTERVAL_SECONDS } from "./tasks/schedule.ts";

/** The Lambda functions, as `functions/` and `infra/functions.yml` name them. */
export const FUNCTIONS = ["status", "track", "sweep", "callback", "hint"] as const;

export type FunctionName = (typeof FUNCTIONS)[number];

/** One setting of the service: an environment variable, said here and nowhere else. */
export interface Setting {
  /** What it means, as `docs/settings.md` has it. */
  meaning: string;
  /** What values are valid, and what becomes of them. Its messages go on after the setting's name. */
  schema: z.core.$ZodType<unknown, string>;
  /** What counts where it is not set. */
  default?: string;
  /** Without it nothing starts. */
  required?: true;
  /** What not to be set means, as `docs/settings.md` has it, where that is not "unset". */
  unset?: string;
}

/** A whole number within bounds, both included. */
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

/** Different values, separated by commas. */
export const list = (entry: z.ZodMiniType<string, string>, most: number) =>
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text) => text.split(",").map((value) => value.trim())),
    ),
    z.array(entry).check(
      z.maxLength(most, `must be at most ${most}`),
      z.refine((values) => new Set(values).size === values.length, "lists a value twice"),
    ),
  );

/** An address that paths are added to: https, or plain http on loopback. It ends without a slash. */
const baseUrl = z.pipe(
  z.string().check(z.refine(isBaseUrl, "must be an https URL without a query (http on loopback only)")),
  z.transform((url) => url.replace(/\/+$/, "")),
);

/** The origin of an EnOS gateway; whether one may be there is for {@link gatewayProblem} to say. */
export const gatewayUrl = z.pipe(
  z
    .string()
    .check(z.refine((url) => gatewayOrigin(url) !== undefined, "must be an https origin without a path")),
  z.transform((url) => new URL(url).origin),
);

/** A host as URLs write it, without a port: a name, an address, or an IPv6 address in brackets. */
const hostName = z.string().check(
  z.refine(
    (host) =>
      /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(host) && URL.parse(`http://${host}/`)?.hostname === host,
    "must be host names or addresses in lower case, without scheme, port or path",
  ),
  z.refine((host) => !isOwnHost(host), "must not list loopback or link-local: EnOS is never there"),
);

function isBaseUrl(value: string): boolean {
  const url = URL.parse(value);
  if (!url || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/**
 * The settings of the functions. This map feeds the functions, their environments in a deployment, and the
 * local run; the table in `docs/settings.md` is held against it. What only the deployment knows is in `infra/settings.ts`.
 */
export const SETTINGS = {
  ENOS_API_BASE_URL: {
    meaning: "the EnOS API gateway, https",
    schema: gatewayUrl,
    required: true,
    functions: ["status", "sweep", "hint"],
  },
  ENOS_HTTP_HOSTS: {
    meaning: "hosts on private networks whose gateways may be plain http, separated by commas",
    schema: list(hostName, 50),
    unset: "none",
    functions: ["status", "sweep", "hint"],
  },
  ENOS_CA_FILE: {
    meaning:
      "a PEM file in this project with a private CA: trusted beside the public ones, for the gateways alone",
    schema: z.string(),
    unset: "public ones only",
    functions: ["status", "sweep", "hint"],
  },
  ENOS_SECRET_PREFIX: {
    meaning: "the secret of organisation `o1` is named prefix + `o1`",
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
      "with `JWT_AUDIENCE`: the API takes this issuer's JWTs. Without either it takes AWS IAM (SigV4) callers",
    schema: z
      .string()
      .check(z.refine((url) => URL.parse(url)?.protocol === "https:", "must be an https URL")),
    functions: ["status", "track", "callback"],
  },
  JWT_AUDIENCE: {
    meaning: "the audiences of which a JWT must name one, separated by commas",
    // API Gateway takes 50 for an authorizer.
    schema: list(z.string().check(z.minLength(1, "has an empty value")), 50),
    functions: ["status", "track", "callback"],
  },
  JWT_ORG_CLAIM: {
    meaning: "the claim that lists the organisations a JWT may ask about: an array, or a string with spaces",
    schema: z.string(),
    default: "orgs",
    functions: ["status", "track", "callback"],
  },
  MAX_WAIT_SECONDS: {
    meaning: "the longest that a lookup waits for a task's end (`Prefer: wait`); 0: no lookup waits",
    // An HTTP API waits thirty seconds for a function, and the last check wants some of them.
    schema: wholeNumber(0, 25),
    default: "25",
    functions: ["status"],
  },
  SWEEP_INTERVAL_SECONDS: {
    meaning:
      "how often tasks are swept, and the shortest time between two checks of one: 5, 10, 15, 20, 30, or a multiple of 60",
    schema: wholeNumber(1, 86_400),
    default: "60",
    functions: ["status", "track", "sweep", "hint"],
  },
  CHECK_INTERVAL_GROWTH_PERCENT: {
    meaning: "how much of its age passes before a task is checked again, in percent",
    schema: wholeNumber(1, 100),
    default: `${DEFAULT_GROWTH_PERCENT}`,
    functions: ["track", "sweep", "hint"],
  },
  CHECK_INTERVAL_MAX_SECONDS: {
    meaning: "the longest time between two checks of a task, unless sweeps are further apart",
    schema: wholeNumber(1, 86_400),
    default: `${DEFAULT_MAX_INTERVAL_SECONDS}`,
    functions: ["track", "sweep", "hint"],
  },
  SWEEP_SHARDS: {
    meaning: "shards of open tasks; may be changed at any time, up or down",
    schema: wholeNumber(1, 1024),
    default: "4",
    functions: ["track", "sweep", "hint"],
  },
  SWEEP_CONCURRENCY: {
    meaning: "calls to EnOS at a time in one sweep",
    // Beside them stand as many as 256 calls that wait, and a Lambda has 1,024 file descriptors.
    schema: wholeNumber(1, 512),
    default: "64",
    functions: ["sweep", "hint"],
  },
  SWEEPERS: {
    meaning: "sweeps that are started each interval; they share the shards, so no more than there are shards",
    // Each is a resource of the stack, which may have 500.
    schema: wholeNumber(1, 100),
    default: "1",
    functions: ["sweep"],
  },
  ENOS_REQUESTS_PER_SECOND: {
    meaning: "calls to one organisation's gateway in one sweep",
    schema: wholeNumber(1, 1_000_000),
    default: "100",
    functions: ["sweep", "hint"],
  },
  TRACKING_DEADLINE_DAYS: {
    meaning: "how long a task is tracked before it counts as abandoned",
    schema: wholeNumber(1, 365),
    default: "7",
    functions: ["track", "sweep", "callback", "hint"],
  },
  RETENTION_DAYS: {
    meaning: "how long the record of a finished task stays",
    schema: wholeNumber(1, 3650),
    default: "30",
    functions: ["track", "sweep", "hint"],
  },
  STAGE: {
    meaning: "the stack's stage, part of every name and a dimension of every metric",
    schema: z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]*$/, "may have letters, digits and - only")),
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
    meaning: "the topic of terminal events",
    schema: z.string().check(z.regex(/^arn:/, "must be an ARN")),
    required: true,
    unset: "the stack's own",
    functions: ["sweep", "hint"],
  },
  CALLBACK_BASE_URL: {
    meaning: "where EnOS calls back, in the URLs that are given out: a domain of your own for the API",
    schema: baseUrl,
    required: true,
    unset: "the stack's own",
    functions: ["callback"],
  },
  CALLBACK_KEY_SECRET: {
    meaning: "the secret with the key that those URLs are made with",
    schema: z.string(),
    required: true,
    unset: "the stack's own",
    functions: ["callback"],
  },
  HINT_QUEUE_URL: {
    meaning: "the queue of hints: tasks that EnOS called back about",
    schema: z.string(),
    required: true,
    unset: "the stack's own",
    functions: ["callback", "hint"],
  },
} as const satisfies Record<string, Setting & { functions: readonly FunctionName[] }>;

type SettingName = keyof typeof SETTINGS;

/** What several settings may not say together: a rule holds wherever all that it is about are read. */
const CONTRADICTIONS: {
  about: SettingName[];
  problem(values: SettingsOf<typeof SETTINGS>, env: NodeJS.ProcessEnv): string | false | undefined;
}[] = [
  {
    about: ["ENOS_API_BASE_URL"],
    problem({ ENOS_API_BASE_URL, ENOS_HTTP_HOSTS: httpHosts = [] }, env) {
      const problem = gatewayProblem(ENOS_API_BASE_URL, { httpHosts, isDeployed: isDeployed(env) });
      return problem && `ENOS_API_BASE_URL ${problem}`;
    },
  },
  {
    about: ["JWT_ISSUER", "JWT_AUDIENCE"],
    // Falling back to IAM would lock every caller out, and quietly take another kind of caller in.
    problem: ({ JWT_ISSUER, JWT_AUDIENCE }) =>
      (JWT_ISSUER === undefined) !== (JWT_AUDIENCE === undefined) &&
      `${JWT_ISSUER ? "JWT_AUDIENCE" : "JWT_ISSUER"} is missing, though ${JWT_ISSUER ? "JWT_ISSUER" : "JWT_AUDIENCE"} is set: set both or neither`,
  },
  {
    about: ["SWEEPERS", "SWEEP_SHARDS"],
    problem: ({ SWEEPERS, SWEEP_SHARDS }) =>
      SWEEPERS > SWEEP_SHARDS &&
      `SWEEPERS must be at most SWEEP_SHARDS (${SWEEP_SHARDS}): ${SWEEPERS} sweeps would have nothing to share`,
  },
];

/** Whether this is a function in an account: Lambda alone sets this, and a deployer cannot. */
export function isDeployed(env: NodeJS.ProcessEnv): boolean {
  return env.AWS_LAMBDA_RUNTIME_API !== undefined;
}

/** The values of some settings; undefined where one is not set, has no default and is not required. */
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

/** The settings of one function, by name. */
export function settingsOf<Name extends FunctionName>(name: Name): OfFunction<Name> {
  const own = Object.entries<Setting & { functions: readonly FunctionName[] }>(SETTINGS).filter(
    ([, { functions }]) => functions.includes(name),
  );
  return Object.fromEntries(own) as OfFunction<Name>;
}

/**
 * A function's settings, read and validated.
 *
 * @param env where they stand, usually `process.env`; an empty value counts as unset
 * @throws {Error} that says what is wrong with each setting, by name
 */
export function readSettings<Name extends FunctionName>(
  env: NodeJS.ProcessEnv,
  name: Name,
): SettingsOf<OfFunction<Name>> {
  return parseSettings(env, settingsOf(name));
}

/** {@link readSettings} for any settings. */
export function parseSettings<Map extends Record<string, Setting>>(
  env: NodeJS.ProcessEnv,
  settings: Map,
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
    const found = isRead && problem(values as never, env);
    if (found) problems.push(found);
  }
  if (problems.length > 0) throw new Error(`Settings: ${problems.join("; ")}`);
  return values as SettingsOf<Map>;
}
