import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEPLOYER_SETTINGS } from "../infra/deployment.ts";
import { DEPLOYMENT_SETTINGS } from "../infra/settings.ts";
import { SETTINGS } from "../lib/settings.ts";
import { parseStageFile } from "./stage-file.ts";

/** What a command about a stage runs with. */
export interface Surroundings {
  stage: string;
  region: string;
  /** The environment, with what the stage's file has. */
  env: NodeJS.ProcessEnv;
  /** The stage's file, where there is one. */
  file: string | undefined;
  /** Settings of the file that the environment overrides. */
  overridden: string[];
}

/**
 * The stage, its region and its settings: the options `--stage` and `--region` before the environment, the
 * environment before the file `<stage>.env`. An empty variable counts as unset.
 *
 * @param args of a command, with options that are not looked at
 * @param folder of the files
 * @throws {Error} when the stage is no name, its file has what is no setting, or npm has kept an option for itself
 */
export function surroundings(args: string[], env: NodeJS.ProcessEnv, folder: string): Surroundings {
  const swallowed = ["stage", "region", "accept"].find((name) => env[`npm_config_${name}`]);
  if (swallowed) throw new Error(`--${swallowed} was taken by npm: write it after a -- of its own`);
  const options = { stage: { type: "string", short: "s" }, region: { type: "string", short: "r" } } as const;
  const { values } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  const stage = text(values.stage) ?? text(env.STAGE) ?? SETTINGS.STAGE.default;
  // It becomes a part of names, and of a path.
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(stage)) {
    throw new Error(`the stage ${JSON.stringify(stage)} may have letters, digits and - only`);
  }
  const path = join(folder, `${stage}.env`);
  const content = read(path);
  const settings = content === undefined ? [] : [...parseStageFile(content, path, DEPLOYER_SETTINGS)];
  const overridden = settings
    .filter(([name, value]) => env[name] && env[name] !== value)
    .map(([name]) => name);
  const merged = { ...env, ...Object.fromEntries(settings.filter(([name]) => !env[name])) };
  const region =
    // A machine's default region is no answer to what the file says.
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
