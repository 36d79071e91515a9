import { canonical, indexChangeProblem, type TableIndex } from "./index-changes.ts";

/** Settings by name, as text; null where one is not set. */
export type SettingValues = Record<string, string | null>;

/** A stack as it is deployed, as far as a deployment has to know. */
export interface DeployedStack {
  /** CloudFormation's word for how it is. */
  status: string;
  /** The settings that it was deployed with; undefined when it does not say. */
  settings: SettingValues | undefined;
  /** Its resources, as its template has them. */
  resources: Resources;
}

type Resources = Record<string, { Properties?: Record<string, unknown> | undefined } | undefined>;

/** What is about to be deployed. */
export interface Planned {
  settings: SettingValues;
  resources: Resources;
}

/** A setting whose value is not the one that is deployed. */
export interface Change {
  name: string;
  before: string | null;
  after: string | null;
}

/** Something that a deployment must not do unasked: the name under which it is accepted, and what it does. */
export interface Refusal {
  name: string;
  does: string;
}

const CALLERS = "changes how callers are authenticated: those of today are locked out";

/** Settings whose change does harm that deploying the old value again does not undo, and what it does. */
export const GUARDED: Readonly<Record<string, string>> = {
  EVENTS_TOPIC_FIFO: "replaces the topic: its subscriptions receive nothing any more",
  JWT_ISSUER: CALLERS,
  JWT_AUDIENCE: "changes how callers are authenticated: who is let in, and who is locked out",
  JWT_ORG_CLAIM:
    "changes how callers are authenticated: another claim says which organisations they may ask about",
  ORGANISATION_PATHS_ONLY:
    "opens or closes the routes that name the organisation in the query, for every caller",
};

/** Settings that do such harm when they become less, where not to be set is nothing, and what it does. */
export const GUARDED_DOWNWARDS: Readonly<Record<string, string>> = {
  TRACKING_DEADLINE_DAYS:
    "gives up every open task that is tracked for longer: each is announced as abandoned",
  EVENTS_ARCHIVE_DAYS: "shortens the topic's archive: what is older can be replayed no more",
  LOG_RETENTION_DAYS: "shortens every log: what is older is deleted",
};

interface Irreplaceable {
  /** Whose change replaces the resource. */
  properties: string[];
  /** The setting whose doing it may be, under whose name it is refused then. */
  setting?: string;
  /** What is lost with the resource, where its name does not say so. */
  loss?: string;
}

/** Resources whose successor is empty or has another address. */
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

/** Where a stack does not say what it was deployed with, so that nobody can tell what changes. */
const UNKNOWN_SETTINGS = "UNKNOWN_SETTINGS";

/** What `--accept` may name. */
export const ACCEPTABLE: readonly string[] = [
  ...Object.keys(GUARDED),
  ...Object.keys(GUARDED_DOWNWARDS),
  ...Object.entries(IRREPLACEABLE).flatMap(([id, { setting }]) => (setting ? [id, setting] : [id])),
  UNKNOWN_SETTINGS,
];

/**
 * The settings that a deployment would change, by name.
 *
 * @param defaults what a setting was before there was one
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
 * What a deployment would do that it must be told to.
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
    : [{ name: UNKNOWN_SETTINGS, does: "may change any setting: the stack does not say how it was set" }];
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

/** Why the stack cannot be deployed to as it is; undefined when it can. */
export function statusProblem(
  { status }: DeployedStack,
  commands: { remove: string; stack: string },
): string | undefined {
  if (
    status === "REVIEW_IN_PROGRESS" ||
    /^(CREATE|ROLLBACK|DELETE)_FAILED$|^ROLLBACK_COMPLETE$/.test(status)
  ) {
    return `its creation or its removal did not finish (${status}): ${commands.remove}, then deploy again`;
  }
  if (status.endsWith("_IN_PROGRESS")) {
    return `somebody else is changing it (${status}): wait until that has ended`;
  }
  if (/^UPDATE(_ROLLBACK)?_FAILED$/.test(status)) {
    return `an update failed and could not be rolled back (${status}): aws cloudformation continue-update-rollback --stack-name ${commands.stack}, then deploy again`;
  }
  if (status.endsWith("_FAILED")) {
    return `its last operation failed (${status}): aws cloudformation describe-stack-events --stack-name ${commands.stack} says why; correct that, or ask AWS Support`;
  }
  return undefined;
}

/** Why the table's indexes cannot be changed as planned; undefined when they can. */
export function tableProblem(deployed: DeployedStack, planned: Planned): string | undefined {
  const indexesOf = (resources: Resources) =>
    (resources.TrackedTasksTable?.Properties?.GlobalSecondaryIndexes ?? []) as TableIndex[];
  return deployed.resources.TrackedTasksTable
    ? indexChangeProblem(indexesOf(deployed.resources), indexesOf(planned.resources))
    : undefined;
}
