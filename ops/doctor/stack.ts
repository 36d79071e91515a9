import { changesOf, statusProblem } from "../../infra/changes.ts";
import type { ReadStack } from "../../infra/deployed-stack.ts";
import { stackName } from "../../infra/names.ts";
import { DEFAULT_SETTINGS } from "../../infra/settings.ts";
import { parseSettings, SETTINGS } from "../../lib/settings.ts";
import type { Finding } from "../finding.ts";

/** The status of the stack, and the settings that are not at their defaults. */
export function describeStack(
  stack: ReadStack | undefined,
  { stage, region }: { stage: string; region: string },
): Finding[] {
  const name = stackName(stage);
  if (!stack) {
    const says = `there is no stack ${name} in ${region}`;
    return [
      { check: "stack", ok: false, says, todo: "--stage and --region say where the service is deployed" },
    ];
  }
  const problem = statusProblem(stack, { remove: `npm run osls -- remove --stage ${stage}`, stack: name });
  // A stack that is being changed still works.
  const isServing = !problem || stack.status.endsWith("_IN_PROGRESS");
  const findings: Finding[] = [
    { check: "stack", ok: isServing, says: problem ? `${name}: ${problem}` : `${name} is ${stack.status}` },
  ];
  if (!stack.settings) {
    return [
      ...findings,
      { check: "settings", ok: null, says: "the stack has not recorded them: deploy again" },
    ];
  }
  const changes = changesOf(DEFAULT_SETTINGS, stack.settings, {}).filter(({ after }) => after !== null);
  const says = changes.map(({ name: setting, after }) => `${setting}=${after}`).join(" ");
  return [...findings, { check: "settings", ok: true, says: says || "all at their defaults" }];
}

/** The settings that the other checks need: those of the stack, or the defaults if it has not recorded them. */
export function settingsIn(settings: Readonly<Record<string, string | null>>) {
  const { ENOS_SECRET_PREFIX, JWT_ISSUER, JWT_ORG_CLAIM, SWEEP_SHARDS, SWEEP_INTERVAL_SECONDS } = SETTINGS;
  try {
    return parseSettings(
      Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value ?? undefined])),
      { ENOS_SECRET_PREFIX, JWT_ISSUER, JWT_ORG_CLAIM, SWEEP_SHARDS, SWEEP_INTERVAL_SECONDS },
    );
  } catch (error) {
    return error as Error;
  }
}
