import { nextPass, type Pass, type Progress } from "../store/checkpoint.ts";
import { keyRanges } from "../store/index-key.ts";
import type { Shard } from "../store/shard-store.ts";
import type { IndexKey, OpenTask } from "../tasks/record.ts";
import type { Examination } from "./checks.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import type { Lanes } from "./fair-queue.ts";
import { readShard } from "./pages.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeLeft } from "./time-budget.ts";

/** Due tasks that may be waiting before reading pauses: what a sweep holds in memory. */
const MOST_WAITING = 2_000;

/** Sweeps one leased shard, in passes, while there is time. */
export class ShardSweep {
  readonly #parts: SweepDependencies;
  readonly #settings: SweepSettings;
  readonly #summary: SweepSummary;
  readonly #time: TimeLeft;
  readonly #lanes: Lanes<OpenTask>;
  readonly #examination: Examination;
  /** The first order of each organisation that this pass left out. */
  #skipped = new Map<string, string>();

  constructor(
    parts: SweepDependencies,
    settings: SweepSettings,
    summary: SweepSummary,
    time: TimeLeft,
    lanes: Lanes<OpenTask>,
    examination: Examination,
  ) {
    this.#parts = parts;
    this.#settings = settings;
    this.#summary = summary;
    this.#time = time;
    this.#lanes = lanes;
    this.#examination = examination;
  }

  /** Notes that a due task of this pass was not checked. */
  skip({ orgId, indexKey }: OpenTask): void {
    this.#summary.deferred++;
    const first = this.#skipped.get(orgId);
    if (first === undefined || indexKey < first) this.#skipped.set(orgId, indexKey);
  }

  /**
   * How far the shard is swept afterwards; undefined when it has to stay as it was, since not everything that
   * was learnt could be published and written, or nothing could be learnt at all.
   */
  async run(shard: Shard): Promise<Progress | undefined> {
    // However dark the shards before were: one dead gateway may be all that they had to do with.
    this.#lanes.beginShard();
    let { progress } = shard;
    let catchingUp: boolean;
    do {
      catchingUp = progress.rest !== null;
      const swept = await this.#pass(shard.number, nextPass(progress, this.#parts.now()));
      // What an earlier pass of this run achieved stays achieved.
      if (!swept) return progress === shard.progress ? undefined : progress;
      progress = swept;
    } while (catchingUp && progress.rest === null && !this.#time.isClosing);
    return progress;
  }

  async #pass(shard: number, pass: Pass): Promise<Progress | undefined> {
    this.#skipped = new Map();
    const faultsBefore = this.#examination.ownFaults;
    const stoppedAt = await this.#read(shard, pass);
    if (this.#isOver) this.#lanes.clear();
    const ended = await this.#time.outlasts(this.#lanes.idle().then(() => this.#examination.settled()));
    if (!ended || this.#lanes.isDark || this.#examination.ownFaults > faultsBefore) return undefined;
    return pass.after({ stoppedAt, skipped: this.#skipped });
  }

  /** Reads the pass's tasks and queues those that are due. The first order that was not read; null at the end. */
  async #read(shard: number, pass: Pass): Promise<string | null> {
    let order = pass.from;
    const { tasks, schedule, observer } = this.#parts;
    const { from, to } = pass.window;
    const reading = {
      from: pass.from,
      ranges: keyRanges(schedule.reach(from, to)),
      isWanted: (place: IndexKey) => schedule.isDue(place, from, to),
    };
    try {
      for await (const page of readShard(tasks, shard, reading, this.#time.signal)) {
        if (this.#isOver) return order;
        this.#summary.read += page.read;
        this.#summary.unreadable += page.unreadable.length;
        for (const key of page.unreadable) observer.unreadable(shard, key);
        for (const task of page.tasks) {
          order = task.indexKey;
          const window = pass.windowFor(task.orgId, order);
          if (!window || !schedule.isDue(task, window.from, window.to)) continue;
          this.#summary.due++;
          this.#queue(task);
          if (this.#lanes.queued >= MOST_WAITING) await this.#lanes.room(MOST_WAITING / 2);
          if (this.#isOver) return order;
        }
      }
      return null;
    } catch (error) {
      // A read that the end of the time cut off: the next sweep begins with it.
      if (this.#time.isClosing) return order;
      this.#examination.failedOurselves("read", error as Error);
      return order;
    }
  }

  get #isOver(): boolean {
    return this.#time.isClosing || this.#lanes.isShardDark;
  }

  #queue(task: OpenTask): void {
    const { orgId } = task;
    if (this.#lanes.isStopped(orgId) && this.#examination.giveUp(task)) return;
    // Once one of an organisation's tasks is left out, the rest of this pass follows: the next sweep begins there.
    // It is left out when its turn would not come within half of the time, at its organisation's rate: the
    // other half is for the organisations behind it.
    const turnMs = (this.#lanes.queuedOf(orgId) / this.#settings.requestsPerSecond) * 1000;
    if (this.#skipped.has(orgId) || turnMs > this.#time.workMs / 2) this.skip(task);
    else this.#lanes.add(task);
  }
}
