import * as z from "zod/mini";
import { parseCommandLine, UsageError } from "../../infra/program/command-line.ts";
import { isLoopback } from "../../lib/enos/gateway.ts";
import { ListQuery } from "../../lib/http/list.ts";
import { TrackingFields } from "../../lib/http/tracking.ts";
import { Id, type TaskKey } from "../../lib/tasks/key.ts";

/** A parsed command line. */
export interface Command {
  name: (typeof NAMES)[number];
  orgId: string;
  tasks: TaskKey[];
  api: URL;
  /** The API's region, if its address does not contain it. */
  region: string | undefined;
  jwt: string | undefined;
  json: boolean;
  correlationId: string | undefined;
  labels: Record<string, string>;
  deadlineSeconds: number | undefined;
  state: string | undefined;
  channelId: string | undefined;
  finishedSince: string | undefined;
  /** The longest time to wait, in seconds. */
  timeoutSeconds: number;
}

const NAMES = ["ask", "track", "untrack", "list", "wait"] as const;

const OPTIONS = {
  api: { type: "string" },
  org: { type: "string" },
  channel: { type: "string" },
  region: { type: "string" },
  json: { type: "boolean" },
  timeout: { type: "string" },
  "correlation-id": { type: "string" },
  label: { type: "string", multiple: true },
  deadline: { type: "string" },
  state: { type: "string" },
  since: { type: "string" },
} as const;

export const HELP = `npm run tasks -- COMMAND --org ORG [--channel CHANNEL] TASK… [options]

  ask      look up the state of tasks
  wait     wait until tasks have ended
  track    track tasks: their ends are published as events
  untrack  stop tracking tasks
  list     list the tracked tasks of an organisation

A TASK is a task's id, with --channel, or CHANNEL/ID.

  --api URL            the service's address (TASKS_API, or that of npm start, http://127.0.0.1:3000)
  --region REGION      the API's region, if its address does not contain it (AWS_REGION)
  --json               print a line of JSON for each task (npm run -s keeps npm's own lines out)
  --timeout SECONDS    wait: stop waiting after this
  --correlation-id ID  track: returned in the record and the event
  --label NAME=TEXT    track: likewise; up to ten of them
  --deadline SECONDS   track: give up after this
  --state STATE,…      list: only tasks in these states
  --since TIME         list: only tasks that ended since then (2026-11-24T18:00:00Z), in the order in which they ended

Calls are authenticated with the JWT in TASKS_JWT if it is set, otherwise with SigV4 and your AWS credentials.
A service on this machine needs neither.

Exit status (the highest of all tasks): 0 succeeded or done, 1 failed, 2 wrong command line, 3 cancelled, 4 expired,
5 not ended yet, 6 refused (no such task, not allowed), 7 the service or EnOS failed.
`;

/**
 * Parses a command line.
 *
 * @param args what follows `npm run tasks --`
 * @returns undefined for --help
 * @throws {UsageError} if it is invalid
 */
export function parseCommand(args: string[], env: NodeJS.ProcessEnv): Command | undefined {
  const { values, positionals } = parseCommandLine(args, OPTIONS, { allowPositionals: true });
  if (values.help || args.length === 0) return undefined;
  const [name, ...names] = positionals;
  if (!isName(name)) throw new UsageError(`there is no command ${name ?? ""}`.trim());
  if (values.org === undefined) throw new UsageError("--org is missing");
  const orgId = id("--org", values.org);
  const channelId = values.channel === undefined ? undefined : id("--channel", values.channel);
  const { "correlation-id": correlationId, state, since: finishedSince } = values;
  const labels = labelsOf(values.label ?? []);
  const deadlineSeconds =
    values.deadline === undefined ? undefined : wholeNumber("--deadline", values.deadline);
  // What the service would refuse too, but it does not know the options' names.
  accepted("--state", ListQuery.shape.state, state);
  accepted("--since", ListQuery.shape.finishedSince, finishedSince);
  accepted("--correlation-id", TrackingFields.correlationId, correlationId);
  accepted("--label", TrackingFields.labels, labels);
  accepted("--deadline", TrackingFields.deadlineSeconds, deadlineSeconds);
  const tasks = names.map((task) => taskOf(task, orgId, channelId));
  if (name === "list" && tasks.length > 0) throw new UsageError("list takes no tasks");
  if (name !== "list" && tasks.length === 0) throw new UsageError(`${name} needs a task`);
  const timeoutSeconds =
    values.timeout === undefined ? Number.POSITIVE_INFINITY : wholeNumber("--timeout", values.timeout);
  return {
    name,
    orgId,
    tasks,
    api: urlOf(values.api ?? (env.TASKS_API || "http://127.0.0.1:3000")),
    region: values.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined),
    jwt: env.TASKS_JWT || undefined,
    json: values.json ?? false,
    correlationId,
    labels,
    deadlineSeconds,
    state,
    channelId,
    finishedSince,
    timeoutSeconds,
  };
}

function isName(name: string | undefined): name is Command["name"] {
  return (NAMES as readonly (string | undefined)[]).includes(name);
}

function taskOf(text: string, orgId: string, channelId: string | undefined): TaskKey {
  const [first = "", second, ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(`${text} is not a task: use CHANNEL/ID`);
  if (second !== undefined)
    return { orgId, channelId: id("the channel", first), taskId: id("the task", second) };
  if (channelId === undefined) throw new UsageError(`${text} needs --channel, or has to be CHANNEL/${text}`);
  return { orgId, channelId, taskId: id("the task", first) };
}

function id(what: string, value: string): string {
  accepted(what, Id, value);
  return value;
}

/** @throws {UsageError} if the service does not take the value */
function accepted(what: string, schema: z.core.$ZodType, value: unknown): void {
  const [issue] = z.safeParse(schema, value).error?.issues ?? [];
  if (!issue) return;
  const { message } = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
  throw new UsageError(`${what} ${message}`);
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  const isHttp = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal(url));
  if (!url || !isHttp) throw new UsageError("--api must be an https address (http on this machine only)");
  return url;
}

/** Whether an address is on this machine. */
export function isLocal({ hostname }: URL): boolean {
  return isLoopback(hostname);
}

function wholeNumber(what: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${what} must be a whole number of seconds`);
  return Number(text);
}

function labelsOf(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UsageError(`--label must be NAME=TEXT, not ${text}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
