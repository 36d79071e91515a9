import * as z from "zod/mini";

const wholeNumber = (name: string, fallback: number, least: number, most: number) =>
  z.pipe(
    z.pipe(
      z._default(z.string(), String(fallback)),
      z.transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN)),
    ),
    z
      .number({ error: `${name} must be a whole number` })
      .check(
        z.minimum(least, `${name} must be at least ${least}`),
        z.maximum(most, `${name} must be at most ${most}`),
      ),
  );

const text = (name: string) => z.string({ error: `${name} is missing` });

/**
 * The origin of an EnOS gateway: https, or plain http on loopback.
 *
 * @param name the setting's name, for the message
 */
export const gatewayUrl = (name: string) =>
  z.pipe(
    text(name).check(
      z.refine(isGatewayUrl, `${name} must be an https origin without a path (http on loopback only)`),
    ),
    z.transform((url) => new URL(url).origin),
  );

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function isGatewayUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url?.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
}

/** Every setting of the service; the design's table says what each means. */
const SETTINGS = {
  ENOS_API_BASE_URL: gatewayUrl("ENOS_API_BASE_URL"),
  ENOS_SECRET_PREFIX: z._default(
    z
      .string()
      .check(
        z.regex(
          /^[A-Za-z0-9/_+=.@-]{1,256}$/,
          "ENOS_SECRET_PREFIX has a character that no secret's name may have",
        ),
      ),
    "enos/",
  ),
  TRACKED_TASKS_TABLE: text("TRACKED_TASKS_TABLE"),
  EVENTS_TOPIC_ARN: text("EVENTS_TOPIC_ARN").check(z.regex(/^arn:/, "EVENTS_TOPIC_ARN must be an ARN")),
  JWT_ISSUER: z.optional(z.string()),
  JWT_AUDIENCE: z.optional(z.string()),
  JWT_ORG_CLAIM: z._default(z.string(), "orgs"),
  SWEEP_INTERVAL_SECONDS: wholeNumber("SWEEP_INTERVAL_SECONDS", 60, 1, 86_400),
  SWEEP_SHARDS: wholeNumber("SWEEP_SHARDS", 4, 1, 1024),
  SWEEP_CONCURRENCY: wholeNumber("SWEEP_CONCURRENCY", 64, 1, 4096),
  ENOS_REQUESTS_PER_SECOND: wholeNumber("ENOS_REQUESTS_PER_SECOND", 100, 1, 1_000_000),
  // Each is a rule of EventBridge, which has room for 300 in a region.
  SWEEPERS: wholeNumber("SWEEPERS", 1, 1, 100),
  TRACKING_DEADLINE_DAYS: wholeNumber("TRACKING_DEADLINE_DAYS", 7, 1, 365),
  RETENTION_DAYS: wholeNumber("RETENTION_DAYS", 30, 1, 3650),
};

type Settings = { [Name in keyof typeof SETTINGS]: z.infer<(typeof SETTINGS)[Name]> };

/**
 * The named settings, read and validated.
 *
 * @param env where they stand, usually `process.env`; an empty value counts as unset
 * @throws {Error} that says what is wrong with each setting, by name
 */
export function readSettings<Name extends keyof Settings>(
  env: NodeJS.ProcessEnv,
  ...names: Name[]
): Pick<Settings, Name> {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const parsed = SETTINGS[name].safeParse(env[name] || undefined);
    if (parsed.success) settings[name] = parsed.data;
    else problems.push(parsed.error.issues[0]?.message ?? `${name} is wrong`);
  }
  if (problems.length > 0) throw new Error(`Settings: ${problems.join("; ")}`);
  return settings as Pick<Settings, Name>;
}
