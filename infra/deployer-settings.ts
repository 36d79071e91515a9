import { isAbsolute, normalize } from "node:path";
import { readPrivateCa } from "../lib/enos/private-ca.ts";
import { parseSettings, SETTINGS, type SettingsOf } from "../lib/settings.ts";
import { SERVICE } from "./names.ts";
import { ALL_SETTINGS, DEPLOYMENT_SETTINGS } from "./settings.ts";
import { isInterval } from "./sweeps.ts";

/** What osls was asked to do. "ask" covers every command that only reads or removes a stack. */
export type Purpose = "package" | "deploy" | "offline" | "ask";

/** The purposes of commands of osls; all others only read or remove a stack. */
const PURPOSES: Readonly<Record<string, Purpose>> = {
  package: "package",
  "package function": "package",
  deploy: "deploy",
  "deploy function": "deploy",
  offline: "offline",
};

/** @param commands the words of a command of osls, without its options */
export function purposeOf(commands: readonly string[]): Purpose {
  return PURPOSES[commands.join(" ")] ?? "ask";
}

/** Settings of functions that the stack provides, unless the deployer may override them. */
export const STACK_SETTINGS = [
  "STAGE",
  "ENOS_API_BASE_URL",
  "TRACKED_TASKS_TABLE",
  "EVENTS_TOPIC_ARN",
  "CALLBACK_BASE_URL",
  "CALLBACK_KEY_SECRET",
  "HINT_QUEUE_URL",
] as const satisfies (keyof typeof SETTINGS)[];

type StackSetting = (typeof STACK_SETTINGS)[number];

const isOfStack = (name: string) => (STACK_SETTINGS as readonly string[]).includes(name);

/** Settings that have the same meaning in every deployment and in a local run. */
const COMMON = {
  ...(Object.fromEntries(Object.entries(SETTINGS).filter(([name]) => !isOfStack(name))) as Omit<
    typeof SETTINGS,
    StackSetting
  >),
  ...DEPLOYMENT_SETTINGS,
};

/** Addresses that the deployer may set; a local run has its own. */
const ADDRESSES = ["ENOS_API_BASE_URL", "CALLBACK_BASE_URL"] as const satisfies StackSetting[];

/** The names of all settings that a deployer may set for a stage. */
export const DEPLOYER_SETTINGS: readonly string[] = [...ADDRESSES, ...Object.keys(COMMON)];

/** The deployer's settings, validated. */
export type Settings = SettingsOf<typeof COMMON> & Partial<Record<(typeof ADDRESSES)[number], string>>;

/** A rule about one or more settings: returns what is wrong, starting with a setting's name. */
type Rule = (settings: Settings, purpose: Purpose) => string | false | undefined;

const RULES: readonly Rule[] = [
  ({ SWEEP_INTERVAL_SECONDS: interval }, purpose) =>
    purpose !== "offline" &&
    !isInterval(interval) &&
    `SWEEP_INTERVAL_SECONDS must be 5, 10, 15, 20, 30 or a multiple of 60, not ${interval}: schedules count in minutes, and rounds must divide a minute`,

  ({ ENOS_API_BASE_URL: url }, purpose) =>
    purpose === "deploy" &&
    url === undefined &&
    "ENOS_API_BASE_URL is missing: set it to the address of the EnOS API gateway, https://apim-…",

  ({ VPC_SUBNET_IDS: subnets, VPC_SECURITY_GROUP_IDS: groups }) => {
    if (!subnets === !groups) return undefined;
    const [missing, given] = subnets
      ? ["VPC_SECURITY_GROUP_IDS", "VPC_SUBNET_IDS"]
      : ["VPC_SUBNET_IDS", "VPC_SECURITY_GROUP_IDS"];
    return `${missing} is missing, though ${given} is set: set both or neither`;
  },

  // No service uses a key in another region, and no alarm a topic.
  (settings) => {
    const names = [
      "ALARM_TOPIC_ARN",
      "SECRETS_KMS_KEY_ARN",
      "EVENTS_KMS_KEY_ARN",
      "TABLE_KMS_KEY_ARN",
    ] as const;
    const regionOf = (name: (typeof names)[number]) => settings[name]?.split(":")[3] ?? settings.AWS_REGION;
    const elsewhere = names.find((name) => regionOf(name) !== settings.AWS_REGION);
    const what = elsewhere === "ALARM_TOPIC_ARN" ? "a topic" : "a key";
    return (
      elsewhere &&
      `${elsewhere} must be ${what} in the stack's region, ${settings.AWS_REGION}, not in ${regionOf(elsewhere)}`
    );
  },

  ({ EVENTS_ARCHIVE_DAYS, EVENTS_TOPIC_FIFO }) =>
    EVENTS_ARCHIVE_DAYS !== undefined &&
    !EVENTS_TOPIC_FIFO &&
    "EVENTS_ARCHIVE_DAYS needs EVENTS_TOPIC_FIFO=true: a standard topic keeps no messages",

  ({ ENOS_CA_FILE: file }, purpose) => {
    // An expired CA must not prevent anybody from looking at a stack.
    if (file === undefined || purpose === "ask") return undefined;
    // It is the file's path in the functions' zips too: inside the project, and no pattern.
    if (
      isPackaging(purpose) &&
      (isAbsolute(file) || normalize(file) !== file || !/^(?!\.\.)[\w./-]+$/.test(file))
    ) {
      return "ENOS_CA_FILE must be the path of a file in this project, from its root: letters, digits, . _ - and / only";
    }
    readPrivateCa(file);
    return undefined;
  },

  ({ CALLBACK_BASE_URL: url }) =>
    url !== undefined &&
    !url.startsWith("https:") &&
    "CALLBACK_BASE_URL must be https: EnOS cannot call back to your loopback",

  // Regardless of the stage: its name may begin with anything.
  ({ CALLBACKS, ENOS_SECRET_PREFIX: prefix }) =>
    CALLBACKS &&
    (`${SERVICE}/`.startsWith(prefix) || prefix.startsWith(`${SERVICE}/`)) &&
    `ENOS_SECRET_PREFIX must not be a prefix of ${SERVICE}/: a role that may read the organisations' secrets could read the key of the callbacks there`,
];

/**
 * Reads and validates the deployer's settings.
 *
 * @param env contains the settings; an empty value counts as unset
 * @param purpose deploying requires more than packaging; a local run may sweep every few seconds
 * @throws {Error} that names the setting that is missing or wrong
 */
export function readDeployerSettings(env: NodeJS.ProcessEnv, purpose: Purpose): Settings {
  // osls would take it for one of its own variables.
  const variable = Object.keys(ALL_SETTINGS).find((name) => env[name]?.includes("${"));
  if (variable) throw new Error(`${variable} must not contain \${`);
  const addresses = ADDRESSES.filter((name) => purpose !== "offline" && env[name]);
  const read = { ...COMMON, ...Object.fromEntries(addresses.map((name) => [name, SETTINGS[name]])) };
  const settings: Settings = parseSettings(env, read, true);
  for (const rule of RULES) {
    const problem = rule(settings, purpose);
    if (problem) throw new Error(problem);
  }
  return settings;
}

/** Whether the command builds a package. */
export function isPackaging(purpose: Purpose): boolean {
  return purpose === "package" || purpose === "deploy";
}

/** Lambda's limit for the name of a function. */
const LONGEST_NAME = 64;

/**
 * Refuses a stage whose function names would be too long for Lambda: CloudFormation would notice only halfway
 * through a deployment.
 *
 * @param names the full names of the functions
 * @throws {Error} that says by how much
 */
export function checkNames(names: string[], stage: string): void {
  const excess = Math.max(...names.map(({ length }) => length)) - LONGEST_NAME;
  if (excess <= 0) return;
  throw new Error(
    `STAGE ${stage} is too long by ${excess}: a function's name would have more than the ${LONGEST_NAME} characters that Lambda allows`,
  );
}
