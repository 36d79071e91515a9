import { NO_ROLLBACK } from "../infra/changes.ts";
import { checkNames, purposeOf } from "../infra/deployer-settings.ts";
import { deployment } from "../infra/deployment.ts";
import { stackName } from "../infra/names.ts";
import { localAws } from "./local-aws.ts";
import type { Surroundings } from "./surroundings.ts";

/** Commands of osls that call AWS. */
const CALLING_AWS = ["deploy", "remove", "rollback", "info", "logs", "metrics", "invoke"];

/** What the lines that `npm start` prints have set in a shell. */
const SET_BY_NPM_START = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/**
 * Refuses a command of osls that cannot succeed with these settings, which osls would do in several lines, and
 * rollbacks.
 *
 * @param args of osls
 * @throws {Error} that says why: usually the name of a setting
 */
export function checkCommand(
  args: readonly string[],
  { stage, env }: Pick<Surroundings, "stage" | "env">,
): void {
  if (onlyExplains(args)) return;
  const commands = commandsIn(args);
  // Of the stack; that of one function leaves every resource in place.
  if (commands[0] === "rollback" && commands[1] !== "function") throw new Error(NO_ROLLBACK);
  if (callsAws(args)) refuseLocalAws(env);
  const { environments } = deployment(env, purposeOf(commands));
  checkNames(
    Object.keys(environments).map((name) => `${stackName(stage)}-${name}`),
    stage,
  );
}

/** Whether a command of osls calls AWS. */
export function callsAws(args: readonly string[]): boolean {
  const [command = "", part] = commandsIn(args);
  // `invoke local` runs a function on this machine.
  return !onlyExplains(args) && CALLING_AWS.includes(command) && part !== "local";
}

function onlyExplains(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

/** The words before the options. */
function commandsIn(args: readonly string[]): readonly string[] {
  const firstOption = args.findIndex((each) => each.startsWith("-"));
  return args.slice(0, firstOption < 0 ? undefined : firstOption);
}

/** The AWS of `npm start` knows nothing of deployments. */
function refuseLocalAws(env: NodeJS.ProcessEnv): void {
  const url = localAws(env);
  if (!url) return;
  const set = SET_BY_NPM_START.filter((name) => env[name]).join(" ");
  throw new Error(
    `AWS_ENDPOINT_URL is ${url.origin}, which is the local AWS of npm start, not an account: use another shell, or first: unset ${set}`,
  );
}
