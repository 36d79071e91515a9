import type { TerminalEvent } from "../../../lib/events/event.ts";
import type { HealthRecord } from "../../../lib/store/health-store.ts";
import type { SweepDependencies } from "../../../lib/sweep/dependencies.ts";
import type { SweepSummary } from "../../../lib/sweep/summary.ts";
import type { TaskKey } from "../../../lib/tasks/key.ts";
import type { SecretContent } from "../../../local/cloud.ts";
import { canaryKeys } from "../../../local/harness/canary.ts";
import { ENDED, RUNNING, Scene } from "../../support/scene.ts";
import { type Cell, strike, type Victim } from "./cells.ts";
import { Gateway } from "./gateway.ts";
import type { Trial } from "./trial.ts";

const MINUTE = 60_000;
const VICTIM = "o-victim";
const ORGANISATIONS = ["o-before", VICTIM, "o-behind"];
/** The victim's call at which a fault in the middle of a sweep begins. */
const MIDDLE = 3;

/** How much is swept. */
export interface SweepSize {
  shards: number;
  /** How tasks end. */
  states: (keyof typeof ENDED)[];
  /** Tasks of each age and state, for each organisation. */
  tasksPerKind: number;
  /** When the old tasks end, in minutes after they began: their interval is then a fifth of it. */
  oldMinutes: number;
}

/**
 * Tries one cell with a sweep of three organisations, one of them the victim. Each has tasks that ended after a while,
 * and new ones. The sweep under the fault finds all of them due.
 */
export async function sweepUnder(cell: Cell, size: SweepSize): Promise<Trial> {
  const { shards, oldMinutes } = size;
  await using scene = await Scene.start();
  await using gateway = cell.gateway && (await Gateway.start(scene.enos.url));
  scene.settings.shardCount = shards;
  const victim = await addOrganisations(scene, cell, gateway);
  const expected = new Map<string, string>();
  const received: TerminalEvent[] = [];
  const wrong: string[] = [];

  for (const orgId of ORGANISATIONS) await trackAll(scene, orgId, "old", size, expected);
  await scene.sweep();
  await scene.sweep({ after: (oldMinutes - 15) * MINUTE });
  // Longer than any interval: whatever is open is due in the next sweep.
  scene.time += 15 * MINUTE;
  for (const orgId of ORGANISATIONS)
    await trackAll(scene, orgId, "new", { ...size, oldMinutes: 0 }, expected);

  const { summary, end } = await sweepStruck(scene, cell, victim);
  received.push(...(await scene.events()));
  wrong.push(...verdictOn(cell, scene, victim, summary, received, expected));
  await end();

  const minutes = await sweepUntilFinished(scene, expected, received, wrong);
  const ids = new Set(received.map(({ id }) => id));
  const told = new Map(received.map(({ data }) => [nameOf(data), data.state]));
  for (const [name, state] of told) {
    if (expected.get(name) !== state) wrong.push(`sweep: ${name} was announced as ${state}`);
  }
  const reason = Object.entries(summary.failed).map(([kind, times]) => `${times} ${kind}`);
  return {
    came: `sweep ${reason.join(", ") || "without failure"}, all after ${minutes} min`,
    times: expected.size,
    lost: [...expected.keys()].filter((name) => !told.has(name)).length,
    duplicated: received.length - ids.size,
    wrong,
  };
}

async function addOrganisations(scene: Scene, cell: Cell, gateway: Gateway | undefined): Promise<Victim> {
  for (const orgId of ORGANISATIONS) {
    await scene.addOrganisation(orgId);
    if (!cell.everybody && orgId !== VICTIM) continue;
    await scene.cloud.putSecret(orgId, keysOf(orgId, gateway));
  }
  return { orgId: VICTIM, keys: keysOf(VICTIM, gateway), enos: scene.enos, cloud: scene.cloud, gateway };
}

function keysOf(orgId: string, gateway: Gateway | undefined): SecretContent {
  return {
    ...canaryKeys(orgId),
    ...(gateway && { baseUrl: gateway.url }),
  };
}

/** Tracks tasks that run for `oldMinutes` and then end, in each of the given states. */
async function trackAll(
  scene: Scene,
  orgId: string,
  kind: string,
  { states, tasksPerKind, oldMinutes }: SweepSize,
  expected: Map<string, string>,
): Promise<void> {
  for (const state of states) {
    const [ending] = ENDED[state];
    const timeline = [...(oldMinutes > 0 ? RUNNING : []), { ...ending, afterMs: oldMinutes * MINUTE }];
    for (const task of await scene.track(orgId, tasksPerKind, timeline, `${kind}-${state}-`)) {
      expected.set(nameOf(task), state);
    }
  }
}

/** Makes the sweep under the fault, which begins before the sweep or in its middle. */
async function sweepStruck(
  scene: Scene,
  cell: Cell,
  victim: Victim,
): Promise<{ summary: SweepSummary; end: () => Promise<void> }> {
  scene.heard.length = 0;
  if (!cell.midSweep) {
    const end = await strike(cell, victim);
    return { summary: await scene.sweep(), end };
  }
  let calls = 0;
  let striking: ReturnType<typeof strike> | undefined;
  const enos: SweepDependencies["enos"] = {
    async getDownloadStatus(task, options) {
      if (task.orgId === VICTIM && ++calls === MIDDLE) {
        striking = strike(cell, victim);
        await striking;
      }
      return scene.dependencies.enos.getDownloadStatus(task, options);
    },
  };
  const summary = await scene.sweep({ dependencies: { enos } });
  if (!striking) throw new Error("the sweep was over before the fault struck");
  return { summary, end: await striking };
}

/** What the sweep under the fault did wrong. */
function verdictOn(
  cell: Cell,
  scene: Scene,
  victim: Victim,
  summary: SweepSummary,
  received: TerminalEvent[],
  expected: Map<string, string>,
): string[] {
  const wrong: string[] = [];
  const told = new Set(received.map(({ data }) => nameOf(data)));
  const untold = [...expected.keys()].filter((name) => !told.has(name));
  const others = untold.filter((name) => !name.startsWith(VICTIM));
  if (!cell.everybody && others.length > 0) {
    wrong.push(`sweep: ${others.length} tasks of other organisations did not finish, such as ${others[0]}`);
  }
  const stopped = scene.heard.some(
    ({ event, detail }) => event === "stuck" && isAbout(detail as HealthRecord, victim),
  );
  if (cell.sweep === "harmless") {
    if (untold.length > 0) wrong.push(`sweep: ${untold.length} tasks did not finish, such as ${untold[0]}`);
    if (Object.keys(summary.failed).length > 0) wrong.push(`sweep: failed ${JSON.stringify(summary.failed)}`);
    if (stopped) wrong.push("sweep: the organisation was stopped");
    return wrong;
  }
  const ofVictim = [...told].filter((name) => name.startsWith(VICTIM));
  // If the fault begins in the middle, or strikes only once, some of the victim's tasks finish.
  const spares = cell.midSweep || cell.faults?.some(({ times }) => times !== undefined);
  if (!spares && ofVictim.length > 0) wrong.push(`sweep: ${ofVictim[0]} was announced`);
  if (untold.length === 0) wrong.push("sweep: the fault did no harm");
  const { failed } = cell.sweep;
  const reasons = Object.keys(summary.failed);
  if (reasons.join() !== (failed ?? "")) wrong.push(`sweep: failed for ${reasons}, not ${failed}`);
  if (stopped !== cell.sweep.stopped) wrong.push(`sweep: stopped is ${stopped}`);
  if (summary.ended !== "done") wrong.push(`sweep: ended ${summary.ended}`);
  return wrong;
}

/** Whether a record is about the victim or its gateway. */
function isAbout({ scope, id }: HealthRecord, { orgId, gateway }: Victim): boolean {
  return scope === "org" ? id === orgId : id === gateway?.url;
}

/**
 * Sweeps every minute until every task has been announced, and checks that this is within its bound: the longest
 * interval at the age that it had when the fault ended, and a sweep's interval, since nothing happens between sweeps.
 *
 * @returns the minutes that it took
 */
async function sweepUntilFinished(
  scene: Scene,
  expected: Map<string, string>,
  received: TerminalEvent[],
  wrong: string[],
): Promise<number> {
  const recovered = scene.time;
  const told = new Set(received.map(({ data }) => nameOf(data)));
  const bounds = new Map<string, number>();
  for (const name of expected.keys()) {
    if (told.has(name)) continue;
    const record = await scene.tracker().get(taskOf(name));
    if (!record) throw new Error(`there is no record of ${name}`);
    bounds.set(name, scene.dependencies.schedule.bound(recovered - Date.parse(record.trackedAt)));
  }
  for (let minutes = 0; ; minutes++) {
    if (bounds.size === 0) return minutes;
    const { failed } = await scene.sweep();
    if (Object.keys(failed).length > 0) wrong.push(`after: failed ${JSON.stringify(failed)}`);
    const events = await scene.events();
    received.push(...events);
    for (const { data } of events) bounds.delete(nameOf(data));
    const overdue = [...bounds].filter(([, bound]) => scene.time - recovered >= bound);
    if (overdue.length === 0) continue;
    wrong.push(`after: ${overdue.length} tasks are beyond their bound, such as ${overdue[0]?.[0]}`);
    return minutes + 1;
  }
}

function nameOf({ orgId, channelId, taskId }: TaskKey): string {
  return `${orgId}/${channelId}/${taskId}`;
}

function taskOf(name: string): TaskKey {
  const [orgId = "", channelId = "", taskId = ""] = name.split("/");
  return { orgId, channelId, taskId };
}
