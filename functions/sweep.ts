import type { Context } from "aws-lambda";
import * as z from "zod/mini";
import { connectEngine } from "../lib/engine.ts";
import { isDeployed, readSettings } from "../lib/settings.ts";
import { sweepInRounds } from "../lib/sweep/rounds.ts";
import type { SweepSummary } from "../lib/sweep/summary.ts";
import { sweep } from "../lib/sweep/sweep.ts";
import { openTelemetry, reportSweep, sweepObserver } from "../lib/telemetry.ts";

const settings = readSettings(process.env, "sweep");
const telemetry = openTelemetry(settings);
const observer = sweepObserver(telemetry);
const { dependencies, checkSettings } = connectEngine(settings, {
  isDeployed: isDeployed(process.env),
  observer,
});
const sweepSettings = {
  ...checkSettings,
  shardCount: settings.SWEEP_SHARDS,
  sweepers: settings.SWEEPERS,
};

/**
 * `{}`, or `{ "shards": [0, 3] }` for some shards only, and `{ "rounds": 6 }` for as many sweeps an interval apart;
 * whatever else the schedule may send does not matter.
 */
const SweepEvent = z.object({
  shards: z.optional(z.array(z.int().check(z.nonnegative()))),
  rounds: z.catch(z.optional(z.int().check(z.positive())), 1),
});

/**
 * One sweep over the tracked tasks that are due, or several.
 *
 * @throws {Error} for an event whose `shards` is no list of existing shards, or when nothing could be done:
 *   Lambda then counts an error, and the event goes to the dead-letter queue
 */
export async function handler(
  event: unknown,
  context: Pick<Context, "getRemainingTimeInMillis">,
): Promise<SweepSummary> {
  const request = SweepEvent.safeParse(event ?? {}).data;
  if (!request) throw new TypeError("shards must be a list of shard numbers");
  const { shards, rounds = 1 } = request;
  const round = async () => {
    observer.reset();
    const remainingMs = context.getRemainingTimeInMillis();
    const summary = await sweep(dependencies, sweepSettings, { shards, remainingMs });
    reportSweep(telemetry, summary);
    return summary;
  };
  const { schedule } = dependencies;
  return sweepInRounds(round, { rounds, intervalMs: settings.SWEEP_INTERVAL_SECONDS * 1000, schedule });
}
