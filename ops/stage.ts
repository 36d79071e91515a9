import { fileURLToPath } from "node:url";
import { oneLine, refuse } from "../infra/command-line.ts";
import { type Surroundings, surroundings } from "./surroundings.ts";

/** The files with the settings of stages. */
export const STAGES = fileURLToPath(new URL("../stages", import.meta.url));

/** The options of every command about a stage, and how its help explains them. */
export const STAGE_OPTIONS = {
  stage: { type: "string", short: "s" },
  region: { type: "string", short: "r" },
} as const;
export const STAGE_USAGE = `  --stage NAME   the stack's stage (STAGE, or dev)
  --region NAME  where it is deployed (the stage's file, AWS_REGION, AWS_DEFAULT_REGION, or eu-central-1)`;

/** The stage that the command line and the environment name. Ends the program, with 2, when they name none. */
export function stageOf(): Surroundings {
  try {
    return surroundings(process.argv.slice(2), process.env, STAGES);
  } catch (error) {
    return refuse(oneLine(error));
  }
}
