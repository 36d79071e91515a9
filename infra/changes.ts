import { canonical, indexChangeProblem, type TableIndex } from "./index-changes.ts";

/** Settings by name, as text; null if not set. */
export type SettingValues = Record<string, string | null>;

/** A deployed stack, as far as a deployment needs to know. */
export interface DeployedStack {
  /** The status, as CloudFormation names it. */
  status: string;
  /** The settings that it was deployed with; undefined if it has not recorded them. */
  settings: SettingValues | undefined;
  /** The resources of its template. */
  resources: Resources;
}

type Resources = Record<string, { Properties?: Record<string, unknown> | undefined } | undefined>;

/** What is about to be deployed. */
export interface Planned {
  settings: SettingValues;
  resources: Resources;
}

/** A setting whose value differs from the deployed one. */
export interface Change {
  name: string;
  before: string | null;
  after: string | null;
}

/** Something that a deployment must not do unless `--accept` names it. */
export interface Refusal {
  name: string;
  does: string;
}

const CALLERS = "changes how callers are authenticated: current callers are locked out";

/** Settings whose change has effects that deploying the old value does not undo. */
export const GUARDED: Readonly<Record<string, string>> = {
  EVENTS_TOPIC_FIFO: "replaces the topic: its subscriptions no longer receive anything",
  JWT_ISSUER: CALLERS,
  JWT_AUDIENCE: "changes which callers are let in",
  JWT_ORG_CLAIM: "changes the claim that lists a caller's organisations",
  ORGANISATION_PATHS_ONLY:
    "opens or closes the routes that name the organisation in the query, for every caller",
};

/** Settings whose reduction has such effects; unset counts as 0. */
export const GUARDED_DOWNWARDS: Readonly<Record<string, string>> = {
  TRACKING_DEADLINE_DAYS: "abandons every open task that has been tracked for longer, and announces this",
  EVENTS_ARCHIVE_DAYS: "shortens the topic's archive: older messages can no longer be replayed",
  LOG_RETENTION_DAYS: "shortens every log: older entries are deleted",
};

interface Irreplaceable {
  /** Properties whose change replaces the resource. */
  properties: string[];
  /** The setting that may be the cause, under whose name the change is then refused. */
  setting?: string;
  /** What is lost with the resource, if that is not obvious. */
  loss?: string;
}

/** Resources whose replacement would be empty or have another address. */
export const IRREPLACEABLE: Readonly<Record<string, Irreplaceable>> = {
  EventsTopic: { properties: ["TopicName", "FifoTopic"], setting: "EVENTS_TOPIC_FIFO" },
  TrackedTasksTable: { properties: ["TableName", "KeySchema", "ImportSourceSpecification"] },
  HttpApi: { properties: ["ProtocolType"] },
  CallbackKey: {
    properties: ["Name"],
    setting: "CALLBACKS",
    loss: "the URLs that EnOS was given stop working",
  },
};

/** Used for a stack that has not recorded its settings, so that changes are unknown. */
const UNKNOWN_SETTINGS = "UNKNOWN_SETTINGS";

/** What `--accept` may name. */
export const ACCEPTABLE: readonly string[] = [
  ...Object.keys(GUARDED),
  ...Object.keys(GUARDED_DOWNWARDS),
  ...Object.entries(IRREPLACEABLE).flatMap(([id, { setting }]) => (setting ? [id, setting] : [id])),
  UNKNOWN_SETTINGS,
];

/** Why there is no rollback: it would deploy an older template, and nothing compares that with what is deployed. */
export const NO_ROLLBACK =
  "rollback would replace resources without asking: check out the older version, then npm run deploy";

/**
 * The settings that a deployment would change, by name.
 *
 * @param defaults the values of settings that the stack does not know yet
 */
export function changesOf(before: SettingValues, after: SettingValues, defaults: SettingValues): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => ({
      name,
      before: (name in before ? before[name] : defaults[name]) ?? null,
      after: after[name] ?? null,
    }))
    .filter((change) => change.before !== change.after);
}

/**
 * What a deployment would do that has to be accepted.
 *
 * @param changes the settings that it changes
 */
export function refusalsOf(deployed: DeployedStack, planned: Planned, changes: readonly Change[]): Refusal[] {
  const refusals: Refusal[] = deployed.settings
    ? changes.flatMap(({ name, before, after }) => {
        const isLess = Number(after) < Number(before);
        const does = GUARDED[name] ?? (isLess ? GUARDED_DOWNWARDS[name] : undefined);
        return does ? [{ name, does }] : [];
      })
    : [{ name: UNKNOWN_SETTINGS, does: "may change any setting: the stack has not recorded its settings" }];
  for (const [id, { properties, setting, loss }] of Object.entries(IRREPLACEABLE)) {
    const [before, after] = [deployed.resources[id], planned.resources[id]];
    if (!before || refusals.some(({ name }) => name === setting)) continue;
    const cause = deployed.settings && changes.find(({ name }) => name === setting);
    const differs = (name: string) =>
      canonical(before.Properties?.[name]) !== canonical(after?.Properties?.[name]);
    const does = after
      ? properties.filter(differs).map((name) => `replaces ${id}, whose ${name} differs`)[0]
      : `removes ${id} from the stack`;
    if (does) refusals.push({ name: cause?.name ?? id, does: loss ? `${does}: ${loss}` : does });
  }
  return refusals;
}

/** Why the stack cannot be deployed to in its current state; undefined if it can. */
export function statusProblem(
  { status }: DeployedStack,
  commands: { remove: string; stack: string },
): string | undefined {
  if (
    status === "REVIEW_IN_PROGRESS" ||
    /^(CREATE|ROLLBACK|DELETE)_FAILED$|^ROLLBACK_COMPLETE$/.test(status)
  ) {
    return `its creation or removal did not finish (${status}): ${commands.remove}, then deploy again`;
  }
  if (status.endsWith("_IN_PROGRESS")) {
    return `it is being changed (${status}): wait until that has finished`;
  }
  if (/^UPDATE(_ROLLBACK)?_FAILED$/.test(status)) {
    return `an update failed and could not be rolled back (${status}): aws cloudformation continue-update-rollback --stack-name ${commands.stack}, then deploy again`;
  }
  if (status.endsWith("_FAILED")) {
    return `its last operation failed (${status}): aws cloudformation describe-stack-events --stack-name ${commands.stack} says why; correct that, or ask AWS Support`;
  }
  return undefined;
}

/** Why the table's indexes cannot be changed as planned; undefined if they can. */
export function tableProblem(deployed: DeployedStack, planned: Planned): string | undefined {
  const indexesOf = (resources: Resources) =>
    (resources.TrackedTasksTable?.Properties?.GlobalSecondaryIndexes ?? []) as TableIndex[];
  return deployed.resources.TrackedTasksTable
    ? indexChangeProblem(indexesOf(deployed.resources), indexesOf(planned.resources))
    : undefined;
}
