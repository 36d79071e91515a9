import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hintMessage } from "../../lib/callbacks/hint.ts";
import { FUNCTIONS, type FunctionName } from "../../lib/settings.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { apiEvent, callbackEvent, hintEvent, taskEvent } from "../../local/harness/api-event.ts";
import { unpack } from "../../local/harness/artefact.ts";
import { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { taskId } from "../harness/seed.ts";
import { median } from "../harness/statistics.ts";
import { Testbed } from "../harness/testbed.ts";
import { straightforwardBundle } from "../peers/straightforward-bundle.ts";

const RUNS = 15;

/** The time of a cold start, and with a compile cache from the same machine. */
export interface ColdStart {
  rows: Row[];
  /** How the time is spent, and how much remains with a compile cache. */
  times: ColdTimes[];
}

/** Medians in milliseconds, of our bundle and of the straightforward one. */
export interface ColdTimes {
  name: FunctionName;
  own: Cold;
  plain: Cold;
  /** Time with a compile cache over time without. */
  withCache: number;
}

/** One cold start, in milliseconds. */
interface Cold {
  importing: number;
  answering: number;
}

/**
 * The import of the packaged function and its first answer, each in a new process; without the start of Node itself,
 * which is the same for both.
 */
export async function coldStart(): Promise<ColdStart> {
  await using testbed = await Testbed.start();
  const { orgId } = ORGANISATION;
  const key = { orgId, channelId: CHANNEL, taskId: taskId(1) };
  const events: Record<FunctionName, unknown> = {
    status: taskEvent("status", key),
    track: taskEvent("put", key),
    sweep: {},
    callback: callbackEvent(await tokenOf(testbed, key), { id: key.taskId, returnCode: "0" }),
    hint: hintEvent(hintMessage(key)),
  };
  const rows: Row[] = [];
  const times: ColdTimes[] = [];
  for (const name of FUNCTIONS) {
    tell(`cold starts of ${name}`);
    const [own, plain] = [unpack(name), await straightforwardBundle(name)];
    const start = (module: string, settings = {}) => cold(module, testbed.env(settings), events[name]);
    const NODE_COMPILE_CACHE = mkdtempSync(join(tmpdir(), "enos-compile-cache-"));
    for (const module of [own, plain]) await start(module);
    await start(own, { NODE_COMPILE_CACHE });
    const owns: Cold[] = [];
    const plains: Cold[] = [];
    const cached: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      owns.push(await start(own));
      plains.push(await start(plain));
      cached.push(total(await start(own, { NODE_COMPILE_CACHE })) / total(owns[run] as Cold));
    }
    const ratios = owns.map((time, run) => total(time) / total(plains[run] as Cold));
    rows.push({
      what: `cold start of ${name}`,
      against: "straightforward bundle",
      ratios,
      target: 0.55,
      reach: "at most",
    });
    times.push({ name, own: medians(owns), plain: medians(plains), withCache: median(cached) });
  }
  return { rows, times };
}

/** The token in a callback URL of the function. */
async function tokenOf(testbed: Testbed, { orgId, channelId }: TaskKey): Promise<string> {
  await using callback = await testbed.start("callback");
  const event = apiEvent("callbackUrl", `orgId=${orgId}`, { channelId });
  const { body } = await callback.invoke<{ body: string }>(event);
  return JSON.parse(body).data.callbackUrl.split("/").at(-1);
}

async function cold(module: string, env: Record<string, string>, event: unknown): Promise<Cold> {
  await using process = await LambdaProcess.start(module, env);
  const { wallMs, value } = await process.measure<{ statusCode?: number }>(event);
  if ((value.statusCode ?? 200) >= 300) throw new Error(`the first answer was ${value.statusCode}`);
  return { importing: process.importMs, answering: wallMs };
}

function total({ importing, answering }: Cold): number {
  return importing + answering;
}

function medians(starts: Cold[]): Cold {
  return {
    importing: median(starts.map(({ importing }) => importing)),
    answering: median(starts.map(({ answering }) => answering)),
  };
}
