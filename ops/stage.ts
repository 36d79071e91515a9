import { fileURLToPath } from "node:url";
import { oneLine, refuse } from "../infra/program/command-line.ts";
import { type Surroundings, surroundings } from "./surroundings.ts";

/** The folder of the stages' files. */
export const STAGES = fileURLToPath(new URL("../stages", import.meta.url));

/** The stage from the command line and the environment. Exits with 2 if they are not valid. */
export function stageOf(): Surroundings {
  try {
    return surroundings(process.argv.slice(2), process.env, STAGES);
  } catch (error) {
    return refuse(oneLine(error));
  }
}
