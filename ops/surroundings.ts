import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEPLOYER_SETTINGS } from "../infra/deployer-settings.ts";
import { DEPLOYMENT_SETTINGS } from "../infra/settings.ts";
import { SETTINGS } from "../lib/settings.ts";
import { parseStageFile } from "./stage-file.ts";

/** The options of every command about a stage, and their help. */
export const STAGE_OPTIONS = {
  stage: { type: "string", short: "s" },
  region: { type: "string", short: "r" },
} as const;
export const STAGE_USAGE = `  --stage NAME   the stack's stage (STAGE, or dev)
  --region NAME  where it is deployed (the stage's file, AWS_REGION, AWS_DEFAULT_REGION, or eu-central-1)`;

/** The options with which another command is about the same stage. */
export function stageArguments({ stage, region }: Pick<Surroundings, "stage" | "region">): string {
  return `--stage ${stage} --region ${region}`;
}

/** The stage, region and settings of a command. */
export interface Surroundings {
  stage: string;
  region: string;
  /** The environment, merged with the stage's file. */
  env: NodeJS.ProcessEnv;
  /** The stage's file, if there is one. */
  file: string | undefined;
  /** Settings in the file that the environment overrides. */
  overridden: string[];
}

/**
 * The stage, its region and its settings. The options `--stage` and `--region` override the environment, which
 * overrides the file `<stage>.env`. An empty variable counts as unset.
 *
 * @param args of a command; other options are ignored
 * @param folder of the files
 * @throws {Error} if the stage's name or its file is invalid, or npm has consumed an option
 */
export function surroundings(args: string[], env: NodeJS.ProcessEnv, folder: string): Surroundings {
  const swallowed = ["stage", "region", "accept"].find((name) => env[`npm_config_${name}`]);
  if (swallowed) throw new Error(`npm has taken --${swallowed} for an option of its own: write -- before it`);
  const { values } = parseArgs({ args, options: STAGE_OPTIONS, strict: false, allowPositionals: true });
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  const stage = text(values.stage) ?? text(env.STAGE) ?? SETTINGS.STAGE.default;
  // It becomes part of names and of a path.
  const problem = SETTINGS.STAGE.schema.safeParse(stage).error?.issues[0]?.message;
  if (problem) throw new Error(`the stage ${JSON.stringify(stage)} ${problem}`);
  const path = join(folder, `${stage}.env`);
  const content = read(path);
  const settings = content === undefined ? [] : [...parseStageFile(content, path, DEPLOYER_SETTINGS)];
  const overridden = settings
    .filter(([name, value]) => env[name] && env[name] !== value)
    .map(([name]) => name);
  const merged = { ...env, ...Object.fromEntries(settings.filter(([name]) => !env[name])) };
  const region =
    // A machine's default region must not override the file's.
    text(values.region) ??
    text(merged.AWS_REGION) ??
    text(env.AWS_DEFAULT_REGION) ??
    DEPLOYMENT_SETTINGS.AWS_REGION.default;
  return {
    stage,
    region,
    env: { ...merged, STAGE: stage, AWS_REGION: region },
    file: content === undefined ? undefined : path,
    overridden,
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
