import { taskEvent } from "../../local/harness/api-event.ts";
import type { LambdaProcess } from "../../local/harness/lambda-process.ts";
import { CHANNEL, ORGANISATION } from "../harness/enos.ts";
import { tell } from "../harness/progress.ts";
import type { Row } from "../harness/row.ts";
import { taskId } from "../harness/seed.ts";
import { median } from "../harness/statistics.ts";
import type { Testbed } from "../harness/testbed.ts";

const WARM_UP = 500;

/** Compares a warm lookup through the whole packaged handler with a bare signed request. */
export async function lookup(testbed: Testbed): Promise<Row[]> {
  const { orgId } = ORGANISATION;
  const ours = taskEvent("status", { orgId, channelId: CHANNEL, taskId: taskId(1) });
  const bare = { application: ORGANISATION, channelId: CHANNEL, taskId: taskId(1) };
  await using status = await testbed.start("status");
  await using peer = await testbed.startPeer("bare-lookup.ts");
  await testbed.enos.setLatency(0);
  await medianOf(status, ours, WARM_UP);
  await medianOf(peer, bare, WARM_UP);
  const rows: Row[] = [];
  for (const { latency, target, count, runs } of [
    { latency: 20, target: 1.1, count: 100, runs: 5 },
    { latency: 0, target: 2.5, count: 400, runs: 7 },
  ]) {
    tell(`lookups at ${latency} ms`);
    await testbed.enos.setLatency(latency);
    const ratios: number[] = [];
    for (let run = 0; run < runs; run++) {
      ratios.push((await medianOf(status, ours, count)) / (await medianOf(peer, bare, count)));
    }
    rows.push({
      what: `time of a warm lookup, ${latency} ms upstream`,
      against: "bare signed undici request",
      ratios,
      target,
      reach: "at most",
    });
  }
  return rows;
}

async function medianOf(process: LambdaProcess, event: unknown, count: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const { wallMs, value } = await process.measure<{ statusCode?: number }>(event);
    if ((value.statusCode ?? 200) !== 200) throw new Error(`a lookup was answered ${value.statusCode}`);
    times.push(wallMs);
  }
  return median(times);
}
