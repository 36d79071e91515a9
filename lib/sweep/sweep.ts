import { randomUUID } from "node:crypto";
import pMap from "p-map";
import { fingerprint } from "../enos/credentials.ts";
import type { BehindChange, BehindRecord } from "../store/behind-store.ts";
import type { HealthRecord } from "../store/health-store.ts";
import { isLeased, type Shard } from "../store/shard-store.ts";
import { Breakers, isForsaken } from "./breakers.ts";
import { openCheckRun } from "./check-run.ts";
import type { Check, Checks } from "./checks.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import type { FairQueue } from "./fair-queue.ts";
import { lags } from "./lag.ts";
import { openTasksIn } from "./open-count.ts";
import { ShardSweep } from "./shard-sweep.ts";
import { type BehindReason, count, emptySummary, type FailureReason, type SweepSummary } from "./summary.ts";
import { TimeBudget } from "./time-budget.ts";

/** A lease outlives the invocation by this, in milliseconds, so that no other sweep comes while it may still write. */
const LEASE_MARGIN_MS = 1_000;
/** While no more organisations than this are refused, a new secret is seen at the next sweep. */
const MOST_SECRETS_READ = 20;
/** So long a sweep waits for their secrets, in milliseconds, and so everybody for Secrets Manager. */
const SECRETS_MS = 1_000;
/** Records that are written at a time, for each shard. */
const WRITES = 32;

/** Records of who has no tasks any more that a sweep removes before its work. */
const MOST_FORGOTTEN = 256;

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
 * Takes its share of the shards side by side, those first that were swept longest ago, and then what is free; each
 * under a lease of its own. Ends in time, and what it could not do it leaves as it was.
 *
 * @throws {RangeError} for a shard that does not exist
 * @throws the database's error when not even the shards can be listed
 */
export async function sweep(
  dependencies: SweepDependencies,
  settings: SweepSettings,
  request: SweepRequest,
): Promise<SweepSummary> {
  const started = performance.now();
  using time = new TimeBudget(request.remainingMs);
  if (time.isClosing) return { ...emptySummary(), ended: "out-of-time" };
  const [shards, health] = await Promise.all([
    dependencies.shards.list(settings.shardCount, time.lastSignal()),
    // What is stuck is advice: without it there are calls in vain, and no more.
    dependencies.health.list(time.lastSignal()).then(
      (records) => ({ records, error: undefined }),
      (error: unknown) => ({ records: [], error }),
    ),
  ]);
  const wanted = choose(shards, request.shards, dependencies.now());
  const { now } = dependencies;
  const at = now();
  const forsaken = new Set(health.records.filter((record) => isForsaken(record, at)));
  const breakers = new Breakers({ records: health.records.filter((record) => !forsaken.has(record)), now });
  await Promise.all([
    // What is not known by then is known later, or in the next sweep.
    time.outlasts(retryRefused(dependencies, breakers), SECRETS_MS),
    forgetForsaken(dependencies, [...forsaken].slice(0, MOST_FORGOTTEN)),
  ]);
  const running = new Sweep({ dependencies, settings, time, breakers });
  if (health.error) running.failed("read", health.error);
  const summary = await running.run(wanted);

  if (time.isClosing) summary.ended = "out-of-time";
  const swept = shards.map((shard) => ({ ...shard, ...running.swept.get(shard.number) }));
  Object.assign(summary, lags(swept, now()));
  summary.openTasks = openTasksIn(swept);
  for (const { reason } of breakers.records) count(summary.stuck, reason);
  summary.durationMs = Math.round(performance.now() - started);
  return summary;
}

/** The shards to sweep, those first that were swept longest ago; the leased ones are somebody else's. */
function choose(all: Shard[], wanted: number[] | undefined, now: number): Shard[] {
  const unknown = wanted?.find((number) => !all.some((shard) => shard.number === number));
  if (unknown !== undefined) throw new RangeError(`shards: there is no shard ${unknown}`);
  return all
    .filter((shard) => !isLeased(shard, now) && (!wanted || wanted.includes(shard.number)))
    .sort((a, b) => a.checkpoint.watermark - b.checkpoint.watermark);
}

/** Whose secret has changed since it was refused is called again at once. */
async function retryRefused(
  { credentials }: Pick<SweepDependencies, "credentials">,
  breakers: Breakers,
): Promise<void> {
  const refused = breakers.records.filter(
    ({ scope, reason }) =>
      scope === "org" &&
      (reason === "credentials" || reason === "unknown-organisation" || reason === "secret"),
  );
  if (refused.length > MOST_SECRETS_READ) return;
  await Promise.all(
    refused.map(async ({ id, fingerprint: before }) => {
      try {
        const read = await credentials.refresh(id, await credentials.get(id));
        if (fingerprint(read) !== before) breakers.retry(id);
      } catch {
        // Nothing has changed for the better.
      }
    }),
  );
}

/** Removes records of who has no open tasks any more: nothing else would ever end them. */
async function forgetForsaken(
  { health, observer }: Pick<SweepDependencies, "health" | "observer">,
  records: HealthRecord[],
): Promise<void> {
  const remove = (record: HealthRecord) =>
    health.remove(record).catch((error: unknown) => observer.failed("write", error));
  await pMap(records, remove, { concurrency: WRITES });
}

/** One sweep over some shards, side by side. */
class Sweep {
  readonly #dependencies: SweepDependencies;
  readonly #settings: SweepSettings;
  readonly #time: TimeBudget;
  readonly #breakers: Breakers;
  readonly #summary = emptySummary();
  readonly #name = randomUUID();
  /** Organisations that are behind in some shard, and why. */
  readonly #behind = new Map<string, BehindReason>();
  readonly #queue: FairQueue<Check>;
  readonly #checks: Checks;
  /** What the shards' records say now, of those that this sweep has written. */
  readonly swept = new Map<number, Pick<Shard, "checkpoint" | "behind" | "openTasks">>();

  constructor(options: {
    dependencies: SweepDependencies;
    settings: SweepSettings;
    time: TimeBudget;
    breakers: Breakers;
  }) {
    this.#dependencies = options.dependencies;
    this.#settings = options.settings;
    this.#time = options.time;
    this.#breakers = options.breakers;
    const { queue, checks } = openCheckRun({ ...options, summary: this.#summary });
    this.#queue = queue;
    this.#checks = checks;
  }

  async run(shards: Shard[]): Promise<SweepSummary> {
    const { shardCount, sweepers } = this.#settings;
    const share = Math.ceil(Math.max(shardCount, shards.length) / sweepers);
    await pMap(shards, (shard) => this.#sweepShard(shard), { concurrency: share });
    await this.#time.outlasts(this.#checks.onIdle());
    this.#queue.close();
    for (const reason of this.#behind.values()) count(this.#summary.behind, reason);
    return this.#summary;
  }

  /** Counts what did not work beside the shards. */
  failed(reason: FailureReason, error: unknown): void {
    this.#checks.failed(reason, error);
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
      // The lease runs out by itself, and the watermark is where it was.
      if (!this.#time.isClosing) this.#checks.failed("write", error);
    }
  }

  /** What is to be written of the shard; undefined when it has to stay as it was. */
  async #sweepLeased(shard: Shard) {
    const behind = await this.#listBehind(shard);
    if (!behind) return undefined;
    const outcome = await new ShardSweep({
      dependencies: this.#dependencies,
      settings: this.#settings,
      summary: this.#summary,
      time: this.#time,
      queue: this.#queue,
      breakers: this.#breakers,
      checks: this.#checks,
      shard,
      behind,
    }).run();
    if (!outcome || !(await this.#write(shard.number, outcome.changes))) return undefined;
    for (const [orgId, reason] of outcome.behind) this.#behind.set(orgId, reason);
    return outcome.swept;
  }

  /** The organisations that are behind; records of those that have caught up for good are removed. */
  async #listBehind({ number, sweptBy }: Shard): Promise<BehindRecord[] | undefined> {
    const { behind } = this.#dependencies;
    try {
      const records = await behind.list(number, sweptBy, this.#time.signal);
      const isOver = ({ gaps }: BehindRecord) => gaps.length === 0;
      // One that could not be removed is over all the same, and is removed another time.
      const remove = (record: BehindRecord) =>
        behind.remove(number, record).catch((error: unknown) => this.#checks.failed("write", error));
      await pMap(records.filter(isOver), remove, { concurrency: WRITES });
      return records.filter((record) => !isOver(record));
    } catch (error) {
      if (!this.#time.isClosing) this.#checks.failed("read", error);
      return undefined;
    }
  }

  /**
   * Whether all is written on which the shard's new watermark relies. Nothing is when another sweep holds the lease by
   * now: two that start together every minute, with clocks further apart than a lease is long, would else refuse each
   * other's writes for good.
   */
  async #write(shard: number, changes: BehindChange[]): Promise<boolean> {
    if (changes.length === 0) return true;
    if (!(await this.#dependencies.shards.isHeld(shard, this.#name, this.#time.lastSignal()))) return false;
    let isWritten = true;
    await pMap(
      changes,
      async (change) => {
        // Better a shard that is given back as it was than a sweep that is killed.
        if (!isWritten || this.#time.isOver) {
          isWritten = false;
          return;
        }
        try {
          if (!(await this.#dependencies.behind.write(shard, this.#name, change))) isWritten = false;
        } catch (error) {
          isWritten = false;
          this.#checks.failed("write", error);
        }
      },
      { concurrency: WRITES },
    );
    return isWritten;
  }
}
