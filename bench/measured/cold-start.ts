import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { taskEvent } from "../../test/support/api-event.ts";
import { type FunctionName, unpack } from "../../test/support/artefact.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { MeasuredProcess } from "../harness/measured-process.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { Stage } from "../harness/stage.ts";
import { median } from "../harness/statistics.ts";
import { taskId } from "../harness/table.ts";
import { straightforwardBundle } from "../peers/straightforward-bundle.ts";

const RUNS = 9;

/** What a cold start takes, and what a compile cache made on the same machine would make of it. */
export interface ColdStart {
  rows: Row[];
  /** Time with a compile cache over time without, for each function. */
  withCache: { name: FunctionName; ratio: number }[];
}

/**
 * Import of the packaged function and its first answer, in a fresh process each time; the start of Node itself,
 * which is the same for both, is not in it.
 */
export async function coldStart(): Promise<ColdStart> {
  await using stage = await Stage.start();
  const { orgId } = ORGANISATION;
  const key = { orgId, channelId: CHANNEL, taskId: taskId(1) };
  const events: Record<FunctionName, unknown> = {
    status: taskEvent("status", key),
    track: taskEvent("put", key),
    sweep: {},
  };
  const rows: Row[] = [];
  const withCache: ColdStart["withCache"] = [];
  for (const name of ["status", "track", "sweep"] as const) {
    tell(`cold starts of ${name}`);
    const [own, plain] = [unpack(name), await straightforwardBundle(name)];
    const start = (module: string, settings = {}) => cold(module, stage.env(settings), events[name]);
    const NODE_COMPILE_CACHE = mkdtempSync(join(tmpdir(), "enos-compile-cache-"));
    for (const module of [own, plain]) await start(module);
    await start(own, { NODE_COMPILE_CACHE });
    const ratios: number[] = [];
    const cached: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const time = await start(own);
      ratios.push(time / (await start(plain)));
      cached.push((await start(own, { NODE_COMPILE_CACHE })) / time);
    }
    rows.push({
      what: `cold start of ${name}`,
      against: "straightforward bundle",
      ratios,
      target: 0.55,
      reach: "at most",
    });
    withCache.push({ name, ratio: median(cached) });
  }
  return { rows, withCache };
}

async function cold(module: string, env: Record<string, string>, event: unknown): Promise<number> {
  await using process = await MeasuredProcess.start(module, env);
  const { wallMs, value } = await process.invoke<{ statusCode?: number }>(event);
  if ((value.statusCode ?? 200) >= 300) throw new Error(`the first answer was ${value.statusCode}`);
  return process.importMs + wallMs;
}
