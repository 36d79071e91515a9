import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import * as fc from "fast-check";
import { taskPath } from "../../lib/tasks/key.ts";
import { Cloud } from "../../local/cloud.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";
import { apiEvent, taskEvent } from "../../local/harness/api-event.ts";
import { canaryKeys } from "../../local/harness/canary.ts";
import { tableFromSource } from "../../local/template.ts";
import { breaches, isDocumented } from "../docs/contract.ts";
import { lambdaContext } from "../support/scene.ts";
import { type BadInput, badInput, type Known } from "./bad-events.ts";
import { foreignClaims } from "./foreign-claims.ts";
import type { Row, Scenario } from "./scenario.ts";
import { faultsOf, shownBy } from "./well-answered.ts";

const SIZES = {
  short: { events: 5_000, claims: 300 },
  long: { events: 100_000, claims: 1_000 },
};
const BATCH = 500;
const [OWN, OTHER] = ["o-a", "o-b"];
const CHANNEL = "ch-1";
const TASK_IDS = Array.from({ length: 60 }, (_, index) => `t${index}`);

type Handler = (event: unknown, context: Context) => Promise<unknown>;
type Handlers = Record<BadInput["to"], Handler>;

/** Generated events for the lookup and tracking handlers, in this process, with a local cloud and EnOS behind them. */
export const badInputs: Scenario = {
  name: "bad-input",
  async run({ size, seed, progress }) {
    await using cloud = await Cloud.start(tableFromSource());
    await using enos = await startEnosSimulator();
    for (const orgId of [OWN, OTHER]) {
      const keys = canaryKeys(orgId);
      enos.putOrganisation({ orgId, ...keys });
      enos.putTasks({
        orgId,
        channelId: CHANNEL,
        taskIds: TASK_IDS,
        timelines: [[{ afterMs: 0, progressCode: 1 }]],
      });
      await cloud.putSecret(orgId, keys);
    }
    const env = cloud.env(enos.url);
    const before = { ...process.env };
    // Otherwise a hundred thousand bad requests would be logged.
    Object.assign(process.env, env, { POWERTOOLS_LOG_LEVEL: "SILENT", POWERTOOLS_METRICS_DISABLED: "true" });
    try {
      const { events, claims } = SIZES[size];
      const handlers = await importHandlers();
      const rows = await attack(handlers, enos, { events, seed, progress });
      progress("tokens");
      return [...rows, await foreignClaims(env, { own: OWN, other: OTHER }, { times: claims, seed })];
    } finally {
      process.env = before;
    }
  },
};

/** Must be called once the settings are in the environment: a function reads them when it is imported. */
async function importHandlers(): Promise<Handlers> {
  const status = await import("../../functions/status.ts");
  const track = await import("../../functions/track.ts");
  return { status: status.handler as Handler, track: track.handler as Handler };
}

async function attack(
  handlers: Handlers,
  enos: EnosSimulator,
  options: { events: number; seed: number; progress(text: string): void },
): Promise<Row[]> {
  const { events, seed, progress } = options;
  const known = await track(handlers.track);
  const wrong = { status: [] as string[], track: [] as string[] };
  const times = { status: 0, track: 0 };
  const statuses = new Map<string, number>();
  const mayBeAsked = new Set<string>();
  enos.resetCounters();
  enos.keepLog(2 * events);
  const arbitrary = badInput(known);
  for (let done = 0; done < events; done += BATCH) {
    const batch = fc.sample(arbitrary, { numRuns: Math.min(BATCH, events - done), seed: seed + done });
    await Promise.all(
      batch.map(async ({ to, event }) => {
        times[to]++;
        if (to === "status") mayBeAsked.add(pathFor(event));
        const complain = (what: string) => wrong[to].push(`${what}: ${JSON.stringify(event).slice(0, 500)}`);
        try {
          const answer = (await handlers[to](event, lambdaContext())) as APIGatewayProxyStructuredResultV2;
          const kind = `${to} ${answer?.statusCode}`;
          statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
          const faults = faultsOf(answer);
          for (const fault of [...faults, ...breachesOf(event, answer)]) complain(fault);
          if (faults.length > 0) return;
          const asked = organisationOf(event);
          if (shownBy(answer).some((orgId) => orgId !== asked)) complain("shows another organisation");
        } catch (error) {
          complain(`the handler failed with ${error}`);
        }
      }),
    );
    if ((done / BATCH) % 20 === 19) progress(`${done + BATCH} of ${events} events`);
  }
  for (const expected of ["status 200", "status 400", "status 403", "status 404"]) {
    if (!statuses.has(expected)) wrong.status.push(`no event was answered with ${expected}`);
  }
  for (const expected of ["track 200", "track 201", "track 204", "track 400", "track 403", "track 404"]) {
    if (!statuses.has(expected)) wrong.track.push(`no event was answered with ${expected}`);
  }
  const seen = (to: BadInput["to"]) =>
    [...statuses]
      .filter(([kind]) => kind.startsWith(to))
      .map(([kind, count]) => `${kind.slice(to.length + 1)}: ${count}`)
      .sort()
      .join(", ");
  return [
    row("events to the lookup handler", times.status, wrong.status, seen("status")),
    row("events to the tracking handler", times.track, wrong.track, seen("track")),
    reachedEnos(enos, mayBeAsked),
    await foreignCursors(handlers.track, known),
  ];
}

/** How an answer contradicts `docs/openapi.yaml`, if the event's route is in it. */
function breachesOf(
  { routeKey }: Record<string, unknown>,
  answer: APIGatewayProxyStructuredResultV2,
): string[] {
  if (!isDocumented(String(routeKey))) return [];
  const { statusCode = 0, headers = {}, body } = answer;
  return breaches(String(routeKey), { status: statusCode, headers, body });
}

/** Tracks every task of both organisations, and pages through them for cursors. */
async function track(handler: Handler): Promise<Known> {
  const cursors: string[] = [];
  for (const orgId of [OWN, OTHER]) {
    for (const taskId of TASK_IDS) {
      await handler(taskEvent("put", { orgId, channelId: CHANNEL, taskId }), lambdaContext());
    }
    for (let cursor: string | null = ""; cursor !== null; ) {
      const answer = await handler(
        apiEvent("list", `orgId=${orgId}&limit=7&cursor=${cursor}`),
        lambdaContext(),
      );
      cursor = JSON.parse((answer as { body: string }).body).data.cursor as string | null;
      if (cursor !== null) cursors.push(cursor);
    }
  }
  return { orgIds: [OWN, OTHER, "o-nobody"], channelId: CHANNEL, taskIds: TASK_IDS, cursors };
}

/** The only path at EnOS that the lookup may call for an event. */
function pathFor({ pathParameters }: Record<string, unknown>): string {
  const { channelId, taskId } = (pathParameters ?? {}) as Record<string, unknown>;
  return `${taskPath({ channelId: String(channelId), taskId: String(taskId) })}/status`;
}

/** The only organisation whose records may be in the answer to an event. */
function organisationOf({ pathParameters, rawQueryString }: Record<string, unknown>): unknown {
  const { orgId } = (pathParameters ?? {}) as Record<string, unknown>;
  return orgId ?? new URLSearchParams(String(rawQueryString)).get("orgId");
}

const STATUS =
  /^\/data-federation\/v2\.0\/channels\/read\/[A-Za-z0-9_-]{1,128}\/download\/[A-Za-z0-9_-]{1,128}\/status$/;
const TOKEN = /^\/apim-token-service\/v2\.0\/token\/(get|refresh)$/;

/** No text of a caller may decide what EnOS is asked. A call to another host would have been answered with a 5xx. */
function reachedEnos(enos: EnosSimulator, mayBeAsked: Set<string>): Row {
  const log = enos.log();
  const { requests } = enos.counters();
  const wrong: string[] = [];
  for (const name of ["other", "create", "cancel"] as const) {
    if (requests[name] > 0) wrong.push(`${requests[name]} requests to EnOS of the kind ${name}`);
  }
  for (const { path, orgId, endpoint } of log) {
    const isRight = endpoint === "token" ? TOKEN.test(path) : STATUS.test(path) && mayBeAsked.has(path);
    if (!isRight) wrong.push(`EnOS was asked for ${path}`);
    if (orgId !== OWN && orgId !== OTHER) wrong.push(`EnOS was asked on behalf of ${orgId}`);
  }
  if (requests.status === 0) wrong.push("EnOS was never asked");
  return row("requests that reached EnOS", log.length, wrong);
}

/** Uses every cursor with every organisation, and follows the lists to their end. */
async function foreignCursors(handler: Handler, { cursors }: Known): Promise<Row> {
  const wrong: string[] = [];
  let times = 0;
  let shown = 0;
  for (const orgId of [OWN, OTHER]) {
    for (const start of cursors) {
      for (let cursor: string | null = start; cursor !== null; ) {
        const event = apiEvent("list", `orgId=${orgId}&limit=20&cursor=${cursor}`);
        const answer = (await handler(event, lambdaContext())) as APIGatewayProxyStructuredResultV2;
        times++;
        const owners = shownBy(answer);
        shown += owners.length;
        if (owners.some((owner) => owner !== orgId)) wrong.push(`${orgId} is shown another's by ${cursor}`);
        if (answer.statusCode !== 200) wrong.push(`${cursor} is answered with ${answer.statusCode}`);
        cursor = answer.statusCode === 200 ? JSON.parse(answer.body ?? "").data.cursor : null;
      }
    }
  }
  if (shown === 0) wrong.push("no list showed anything");
  return row("lists continued with each other's cursors", times, wrong);
}

function row(tried: string, times: number, wrong: string[], note?: string): Row {
  const notes = [...(note ? [note] : []), ...wrong.slice(0, 10)];
  return { tried, times, lost: 0, duplicated: 0, wrong: wrong.length, notes };
}
