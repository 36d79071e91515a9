import { randomUUID } from "node:crypto";
import pMap from "p-map";
import type { BehindChange, BehindRecord } from "../store/behind-store.ts";
import { isLeased, type Shard } from "../store/shard-store.ts";
import { Checker } from "./checker.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import { failureReport, type ReportFailure } from "./failures.ts";
import type { Invocation } from "./invocation.ts";
import { lags } from "./lag.ts";
import { openBreakers } from "./open-breakers.ts";
import { openTasksIn } from "./open-count.ts";
import { isUnneeded } from "./probe-times.ts";
import { ShardSweep } from "./shard-sweep.ts";
import { type BehindReason, count, emptySummary, type SweepSummary } from "./summary.ts";
import { TimeBudget } from "./time-budget.ts";

/** A lease outlives the invocation by this, in milliseconds, so that no other sweep begins while it may still write. */
const LEASE_MARGIN_MS = 1_000;
/** Records that are written at a time, for each shard. */
const WRITES = 32;

/** What a sweep is asked for. */
export interface SweepRequest {
  /** Shards to sweep; all when absent. */
  shards?: number[] | undefined;
  /** How long the invocation can still run, in milliseconds. */
  remainingMs: number;
}

/**
 * Checks every tracked task that is due, and publishes those that have ended.
 *
 * Sweeps its share of the shards concurrently, each under a lease of its own: first those that were swept longest ago,
 * then others that are free. It ends in time, and leaves what it could not do as it was.
 *
 * @throws {RangeError} for a shard that does not exist
 * @throws the database's error if the shards cannot be listed
 */
export async function sweep(
  dependencies: SweepDependencies,
  settings: SweepSettings,
  request: SweepRequest,
): Promise<SweepSummary> {
  const started = performance.now();
  const summary = emptySummary();
  const onFailure = failureReport(summary, dependencies.observer);
  using time = new TimeBudget(request.remainingMs);
  if (time.isClosing) return { ...summary, ended: "out-of-time" };
  const [shards, records] = await Promise.all([
    dependencies.shards.list(settings.shardCount, time.lastSignal()),
    // Health records are only advice: without them, some calls are wasted.
    dependencies.health.list(time.lastSignal()).catch((error: unknown) => {
      onFailure("read", error);
      return [];
    }),
  ]);
  const { now } = dependencies;
  const wanted = choose(shards, request.shards, now());
  const breakers = await openBreakers(records, { dependencies, time, onFailure });
  const running = new Sweep({ dependencies, settings, summary, time, breakers, onFailure });
  await running.run(wanted);

  if (time.isClosing) summary.ended = "out-of-time";
  const swept = shards.map((shard) => ({ ...shard, ...running.swept.get(shard.number) }));
  Object.assign(summary, lags(swept, now()));
  summary.openTasks = openTasksIn(swept);
  const stuck = breakers.records.filter((record) => !isUnneeded(record, now(), dependencies.schedule));
  for (const { reason } of stuck) count(summary.stuck, reason);
  summary.durationMs = Math.round(performance.now() - started);
  return summary;
}

/** The shards to sweep, first those that were swept longest ago; those that another sweep has leased are left out. */
function choose(all: Shard[], wanted: number[] | undefined, now: number): Shard[] {
  const unknown = wanted?.find((number) => !all.some((shard) => shard.number === number));
  if (unknown !== undefined) throw new RangeError(`shards: there is no shard ${unknown}`);
  return all
    .filter((shard) => !isLeased(shard, now) && (!wanted || wanted.includes(shard.number)))
    .sort((a, b) => a.checkpoint.watermark - b.checkpoint.watermark);
}

/** One sweep over some shards, concurrently. */
class Sweep {
  readonly #invocation: Invocation<SweepDependencies, SweepSettings>;
  readonly #dependencies: SweepDependencies;
  readonly #settings: SweepSettings;
  readonly #time: TimeBudget;
  readonly #summary: SweepSummary;
  readonly #name = randomUUID();
  /** Organisations that are behind in some shard, and why. */
  readonly #behind = new Map<string, BehindReason>();
  readonly #checker: Checker;
  readonly #onFailure: ReportFailure;
  /** What this sweep has written into shards' records. */
  readonly swept = new Map<number, Pick<Shard, "checkpoint" | "behind" | "openTasks">>();

  constructor(invocation: Invocation<SweepDependencies, SweepSettings>) {
    this.#invocation = invocation;
    this.#dependencies = invocation.dependencies;
    this.#settings = invocation.settings;
    this.#summary = invocation.summary;
    this.#time = invocation.time;
    this.#onFailure = invocation.onFailure;
    this.#checker = new Checker(invocation);
  }

  async run(shards: Shard[]): Promise<void> {
    const { shardCount, sweepers } = this.#settings;
    const share = Math.ceil(Math.max(shardCount, shards.length) / sweepers);
    await pMap(shards, (shard) => this.#sweepShard(shard), { concurrency: share });
    await this.#time.outlasts(this.#checker.onIdle());
    this.#checker.queue.close();
    for (const reason of this.#behind.values()) count(this.#summary.behind, reason);
  }

  async #sweepShard(found: Shard): Promise<void> {
    if (this.#time.isClosing) return;
    try {
      const now = this.#dependencies.now();
      const until = now + this.#time.remainingMs + LEASE_MARGIN_MS;
      const shard = await this.#dependencies.shards.lease(found, this.#name, now, until, this.#time.signal);
      if (!shard) return;
      this.#summary.shards.push(shard.number);
      const swept = await this.#sweepLeased(shard);
      const { shards } = this.#dependencies;
      const isHeld = await shards.release(shard.number, this.#name, swept, this.#time.lastSignal());
      if (!isHeld) this.#summary.leasesLost++;
      else if (swept) this.swept.set(shard.number, swept);
    } catch (error) {
      // The lease runs out by itself, and the watermark has not moved.
      if (!this.#time.isClosing) this.#onFailure("write", error);
    }
  }

  /** Resolves with what to write into the shard's record; undefined if it must stay as it was. */
  async #sweepLeased(shard: Shard) {
    const behind = await this.#listBehind(shard);
    if (!behind) return undefined;
    const outcome = await new ShardSweep({
      ...this.#invocation,
      checker: this.#checker,
      shard,
      behind,
    }).run();
    if (!outcome || !(await this.#write(shard.number, outcome.behind.changes))) return undefined;
    for (const [orgId, reason] of outcome.behind.reasons) this.#behind.set(orgId, reason);
    return outcome.swept;
  }

  /** Lists the organisations that are behind, and removes records of those that are not; undefined if that failed. */
  async #listBehind({ number, sweptBy }: Shard): Promise<BehindRecord[] | undefined> {
    const { behind } = this.#dependencies;
    try {
      const records = await behind.list(number, sweptBy, this.#time.signal);
      const isOver = ({ gaps }: BehindRecord) => gaps.length === 0;
      // A record that could not be removed has no effect, and is removed by a later sweep.
      const remove = (record: BehindRecord) =>
        behind.remove(number, record).catch((error: unknown) => this.#onFailure("write", error));
      await pMap(records.filter(isOver), remove, { concurrency: WRITES });
      return records.filter((record) => !isOver(record));
    } catch (error) {
      if (!this.#time.isClosing) this.#onFailure("read", error);
      return undefined;
    }
  }

  /**
   * Writes the records on which the shard's new watermark relies; false if one of them was not written. Nothing is
   * written if another sweep holds the lease by now. Otherwise two sweeps that start together every minute, with clocks
   * further apart than a lease lasts, would make each other's writes fail for ever.
   */
  async #write(shard: number, changes: BehindChange[]): Promise<boolean> {
    if (changes.length === 0) return true;
    if (!(await this.#dependencies.shards.isHeld(shard, this.#name, this.#time.lastSignal()))) return false;
    let isWritten = true;
    await pMap(
      changes,
      async (change) => {
        // It is better to release the shard as it was than to be killed.
        if (!isWritten || this.#time.isOver) {
          isWritten = false;
          return;
        }
        try {
          if (!(await this.#dependencies.behind.write(shard, this.#name, change))) isWritten = false;
        } catch (error) {
          isWritten = false;
          this.#onFailure("write", error);
        }
      },
      { concurrency: WRITES },
    );
    return isWritten;
  }
}
