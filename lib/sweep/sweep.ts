import { randomUUID } from "node:crypto";
import { isLeased, type Shard } from "../store/shard-store.ts";
import type { OpenTask } from "../tasks/record.ts";
import { Examination } from "./checks.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import { Lanes } from "./fair-queue.ts";
import { ShardSweep } from "./shard-sweep.ts";
import { emptySummary, type SweepSummary } from "./summary.ts";
import { TimeLeft } from "./time-budget.ts";

/** A lease outlives the invocation by this, in milliseconds, so that no other sweep comes while it may still write. */
const LEASE_MARGIN_MS = 1_000;

/** What a sweep is asked for. */
export interface SweepRequest {
  /** Shards to sweep; all when absent. */
  shards?: number[] | undefined;
  /** How long the invocation can still run, in milliseconds. */
  remainingMs: number;
}

/**
 * Looks at every tracked task that is due, and publishes those that have ended.
 *
 * Takes the shards that waited longest, one after the other, each under a lease of its own; shards that
 * another sweep holds are left to it. Ends in time, and what it could not do it leaves as it was.
 *
 * @throws {RangeError} for a shard that does not exist
 * @throws the database's error when not even the shards can be listed
 */
export async function sweep(
  parts: SweepDependencies,
  settings: SweepSettings,
  request: SweepRequest,
): Promise<SweepSummary> {
  const started = performance.now();
  const summary = emptySummary();
  using time = new TimeLeft(request.remainingMs);
  const owner = randomUUID();

  let running: ShardSweep | undefined;
  const skip = (task: OpenTask) => running?.skip(task);
  const examination = new Examination(parts, settings, summary, time.signal, skip);
  const lanes = new Lanes<OpenTask>({
    concurrency: settings.concurrency,
    requestsPerSecond: settings.requestsPerSecond,
    work: (task) => examination.check(task),
    onSkipped: skip,
    onDead: (orgId) => parts.observer.stopped(orgId, "unreachable"),
  });
  // What waits when the time is over goes back to its shard.
  time.signal.addEventListener("abort", () => lanes.clear());

  const all = await parts.shards.list(settings.shardCount, time.signal);
  const watermarks = new Map(all.map(({ number, progress }) => [number, progress.sweptThrough]));

  for (const found of choose(all, request.shards, parts.now())) {
    if (time.isClosing) break;
    try {
      const now = parts.now();
      const until = now + time.remainingMs + LEASE_MARGIN_MS;
      const shard = await parts.shards.lease(found, owner, now, until, time.signal);
      if (!shard) continue;
      const { number } = shard;
      summary.shards.push(number);
      running = new ShardSweep(parts, settings, summary, time, lanes, examination);
      const progress = await running.run(shard);
      const held = await parts.shards.release(number, owner, progress, time.lastSignal());
      if (!held) summary.leasesLost++;
      watermarks.set(number, (held && progress?.sweptThrough) || shard.progress.sweptThrough);
    } catch (error) {
      // The lease runs out by itself, and the watermark is where it was.
      examination.failedOurselves("write", error as Error);
    }
  }

  if (lanes.isDark) summary.ended = "enos-unreachable";
  else if (time.isClosing) summary.ended = "out-of-time";
  summary.watermarkLagSeconds = lag([...watermarks.values()], parts.now());
  summary.durationMs = Math.round(performance.now() - started);
  return summary;
}

/** The shards to sweep, those that waited longest first; the leased ones are somebody else's. */
function choose(all: Shard[], wanted: number[] | undefined, now: number): Shard[] {
  const unknown = wanted?.find((number) => !all.some((shard) => shard.number === number));
  if (unknown !== undefined) throw new RangeError(`shards: there is no shard ${unknown}`);
  return all
    .filter((shard) => !isLeased(shard, now) && (!wanted || wanted.includes(shard.number)))
    .sort((a, b) => oldestWatermark(a) - oldestWatermark(b));
}

function oldestWatermark({ progress }: Shard): number {
  return Math.min(progress.sweptThrough, ...[...progress.behind.values()].map((track) => track.sweptThrough));
}

function lag(watermarks: number[], now: number): number | null {
  const swept = watermarks.filter((sweptThrough) => sweptThrough > 0);
  return swept.length === 0 ? null : Math.max(0, Math.round((now - Math.min(...swept)) / 1000));
}
