import type { BehindRecord } from "../store/behind-store.ts";
import type { CheckedSpan } from "../store/checkpoint.ts";
import { type Coverage, leastWatermark, overlay, watermarkAt, within } from "../store/coverage.ts";
import { ALL_KEYS, type KeySpan, keysBefore, keysFrom, markOf } from "../store/key-span.ts";
import { checkpointOf } from "../store/merge-gaps.ts";
import { PAGE_SIZE } from "../store/open-task-store.ts";
import type { Shard, SweptShard } from "../store/shard-store.ts";
import { isPastDeadline } from "../tasks/decision.ts";
import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";
import type { Backlog } from "./backlog.ts";
import { type Behind, behindAfter } from "./behind.ts";
import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";
import type { Checker } from "./checker.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import type { FairQueue } from "./fair-queue.ts";
import type { Invocation } from "./invocation.ts";
import { LateTasks } from "./late-tasks.ts";
import { learnMoved } from "./moved-organisations.ts";
import { OpenCount } from "./open-count.ts";
import { Pass, type Position } from "./pass.ts";
import type { Candidate } from "./probe-candidates.ts";
import { Probes } from "./probes.ts";
import { ShardBacklogs } from "./shard-backlogs.ts";
import { ShardChecks } from "./shard-checks.ts";
import { ShardReader } from "./shard-reader.ts";
import { ShardWindow } from "./shard-window.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** How often a shard in which an organisation is behind is read completely, in milliseconds. */
const WHOLE_EVERY_MS = 15 * 60_000;
/** The same while an organisation there waits for its probe because none of its tasks is due. */
const WHOLE_FOR_PROBES_EVERY_MS = 5 * 60_000;

/** For how long an organisation that is behind may wait until the task that is furthest behind is read, in milliseconds. */
const OLDEST_FIRST_MS = 1_000;

/**
 * Shards start their probes at random within this time, in milliseconds. Otherwise it would always be the same shard that
 * probes an organisation which has tasks in several, and perhaps with one that is never answered.
 */
const PROBES_WITHIN_MS = 100;

/** The pause between two passes, in milliseconds, so that one pass reads for several organisations. */
const PAUSE_MS = 20;

/** The result of sweeping a shard. */
export interface ShardOutcome {
  /** What to write into its record. */
  swept: SweptShard;
  behind: Behind;
}

/**
 * Sweeps one leased shard.
 *
 * The first pass reads everything that became due, and waits for no organisation: once an organisation's queue is full,
 * its remaining tasks are left for later. Further passes read only for organisations with tasks left and room in their
 * queue.
 */
export class ShardSweep {
  readonly #dependencies: SweepDependencies;
  readonly #settings: SweepSettings;
  readonly #summary: SweepSummary;
  readonly #time: TimeBudget;
  readonly #queue: FairQueue<Check>;
  readonly #breakers: Breakers;
  readonly #shard: Shard;
  /** When the sweep took the shard, in Unix milliseconds. */
  readonly #now: number;
  readonly #window: ShardWindow;
  readonly #reader: ShardReader;
  /** Whether the shard is read completely: for organisations that have no task in it any more, and for probes. */
  readonly #isWhole: boolean;
  readonly #backlogs: ShardBacklogs;
  readonly #checks: ShardChecks;
  /** Organisations that were behind here and stuck when the sweep began. */
  readonly #stuckBefore = new Set<string>();
  /** The number of due tasks, by organisation, that were read and not taken on so far. */
  readonly #passedOver = new Map<string, number>();
  readonly #openCount = new OpenCount();
  readonly #probes: Probes;
  readonly #late: LateTasks;
  /** Spans that the first pass did not read. */
  #unread: KeySpan[] = [ALL_KEYS];
  #lastChecked: Checked | undefined;

  constructor(
    options: Invocation<SweepDependencies, SweepSettings> & {
      checker: Checker;
      /** As it was read under the lease. */
      shard: Shard;
      behind: readonly BehindRecord[];
    },
  ) {
    this.#dependencies = options.dependencies;
    this.#settings = options.settings;
    this.#summary = options.summary;
    this.#time = options.time;
    this.#queue = options.checker.queue;
    this.#breakers = options.breakers;
    this.#shard = options.shard;
    this.#now = this.#dependencies.now();
    this.#probes = new Probes({ ...options, now: this.#now });
    this.#late = new LateTasks(options);
    const { number, readWholeAt } = options.shard;
    const { schedule, observer } = this.#dependencies;
    const onClockAhead = (seconds: number) => observer.clockAhead(number, seconds);
    this.#window = new ShardWindow({ ...options, schedule, now: this.#now, onClockAhead });
    this.#reader = new ShardReader({
      ...options,
      shard: number,
      to: this.#window.to,
      isLate: (task) => this.#isLate(task),
      onFailure: (error) => options.onFailure("read", error),
    });
    this.#backlogs = new ShardBacklogs({ ...options, window: this.#window });
    this.#checks = new ShardChecks({ ...options, shard: number, backlogs: this.#backlogs });
    for (const { orgId, origin, gaps } of options.behind) {
      for (const gap of gaps) {
        const calls = markOf(gap);
        if (calls) this.#dependencies.suspects.recorded({ orgId, indexKey: gap.from }, calls);
      }
      if (origin) this.#breakers.learn(orgId, origin);
      if (this.#breakers.stuck(orgId)) this.#stuckBefore.add(orgId);
    }
    const isOverdue = [...this.#stuckBefore].some((orgId) => this.#probes.isOverdue(orgId, schedule));
    const wholeEveryMs = isOverdue ? WHOLE_FOR_PROBES_EVERY_MS : WHOLE_EVERY_MS;
    this.#isWhole = options.behind.length > 0 && Math.abs(this.#now - readWholeAt) >= wholeEveryMs;
  }

  /** Resolves with the result; undefined if the shard's record must stay as it was. */
  async run(): Promise<ShardOutcome | undefined> {
    for (const { orgId, record } of this.#backlogs.values())
      if (!record?.isSettled) this.#checks.expectChange(orgId);
    await this.#oldestFirst(this.#firstPass());
    if (this.#stuckBefore.size > 0) await pause(Math.random() * PROBES_WITHIN_MS);
    this.#startProbes();
    this.#late.askHeldBack();
    const [gone] = await Promise.all([this.#readWhole(), this.#learnMoved(), this.#furtherPasses()]);
    this.#late.end();
    for (const backlog of gone) backlog.clear();
    for (const times of this.#passedOver.values()) this.#summary.deferred += times;
    return (await this.#time.outlasts(this.#checks.onIdle())) ? this.#outcome() : undefined;
  }

  #startProbes(): void {
    this.#probes.start(
      (candidate) => this.#probeOf(candidate),
      (orgId) => this.#backlogs.get(orgId)?.record !== undefined,
      ({ task, checked, isLate }) => {
        if (isLate) this.#late.meet(this.#checks.outOfTurn(task, checked));
      },
    );
  }

  #probeOf({ task, checked, isLate }: Candidate): Check {
    if (isLate) return this.#late.asProbe(this.#checks.outOfTurn(task, checked));
    if (!this.#isDueSince(task, checked.through)) return this.#checks.early(task, checked);
    this.#takeAfterAll(task.orgId);
    return this.#checks.outOfTurn(task, checked);
  }

  /** Records name the gateway that was stuck when they were written. */
  #learnMoved(): Promise<void> {
    const behindGateway = [...this.#backlogs.values()].filter(
      ({ orgId, record }) => record?.origin && this.#breakers.stuck(orgId)?.scope === "origin",
    );
    const orgIds = behindGateway.map(({ orgId }) => orgId);
    const { credentials } = this.#dependencies;
    return learnMoved(orgIds, { credentials, breakers: this.#breakers, time: this.#time, now: this.#now });
  }

  /**
   * Reads the whole shard, now and then: returns organisations that were behind when the sweep began and have no task
   * left here, since no check would ever end that. Any task that is read can be its organisation's probe: perhaps none
   * of them becomes due for as long as the schedule's longest interval.
   */
  async #readWhole(): Promise<Backlog[]> {
    if (!this.#isWhole) return [];
    const { wereBehind } = this.#backlogs;
    const present = new Set<string>();
    const stoppedAt = await this.#reader.read({
      legs: [ALL_KEYS],
      spans: [ALL_KEYS],
      isWanted: () => true,
      take: (task) => {
        present.add(task.orgId);
        if (this.#stuckBefore.has(task.orgId) && !this.#checks.isTakenOutOfTurn(task)) {
          const checked = this.#checked(this.#throughOf(task));
          this.#probes.consider({ task, checked, isLate: this.#isLate(task) });
        }
        return true;
      },
    });
    this.#startProbes();
    return stoppedAt ? [] : wereBehind.filter(({ orgId }) => !present.has(orgId));
  }

  /**
   * Has organisations that are behind wait, while the first pass is made, for the task that is furthest behind, of those
   * that were not asked about in vain. Otherwise one that gets a single call in each sweep would spend it on what is read
   * first, which is often the same task.
   */
  async #oldestFirst(firstPass: Promise<void>): Promise<void> {
    const { number } = this.#shard;
    const unstuck = this.#backlogs.unstuck;
    const { suspects } = this.#dependencies;
    for (const backlog of unstuck) {
      const { orgId } = backlog;
      const least = backlog.leastBut((indexKey) => suspects.count({ orgId, indexKey }) !== undefined);
      if (Number.isFinite(least)) this.#queue.expect(orgId, number, least);
    }
    const orgIds = unstuck.map(({ orgId }) => orgId);
    const timer = setTimeout(() => this.#queue.expectNoMore(orgIds, number), OLDEST_FIRST_MS);
    await firstPass;
    clearTimeout(timer);
    this.#queue.expectNoMore(orgIds, number);
  }

  /** Reads everything that became due, of all organisations. */
  async #firstPass(): Promise<void> {
    // Begins with what the last sweep did not read.
    const start = oldest(this.#window.coverage).from;
    const pass = new Pass({
      legs: [keysFrom(start), keysBefore(start)],
      backlogs: this.#backlogs.unstuck,
    });
    const coverage = [...this.#window.coverage, ...pass.served];
    const stoppedAt = await this.#reader.read({
      legs: pass.legs,
      // A shard that fits on a page is read completely, at the cost of a page: its tasks are counted, not estimated.
      spans:
        (this.#shard.openTasks ?? PAGE_SIZE) <= PAGE_SIZE / 2 ? [ALL_KEYS] : this.#reader.reach(coverage),
      openCount: this.#openCount,
      isWanted: this.#reader.isDueSince(Math.min(leastWatermark(coverage), this.#probedSince())),
      take: (task, position) => {
        this.#meet(task, pass, position);
        return true;
      },
    });
    const { unread, left } = pass.end(stoppedAt);
    this.#unread = unread;
    for (const [orgId, spans] of left) {
      const backlog = this.#backlogs.of(orgId);
      if (backlog.hasUnread) continue;
      backlog.leaveUnread(within(this.#window.coverage, spans));
      this.#checks.expectChange(orgId);
    }
  }

  /** The least watermark of the organisations that may be probed: any of their due tasks that is read can be used. */
  #probedSince(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const backlog of this.#backlogs.values()) {
      if (this.#probes.mayUse(backlog.orgId)) least = Math.min(least, backlog.least);
    }
    return least;
  }

  /** Decides what to do with one task of the first pass. */
  #meet(task: OpenTask, pass: Pass, position: Position): void {
    const { orgId } = task;
    const through = this.#throughOf(task);
    const isLate = this.#isLate(task);
    if (!isLate && !this.#isDueSince(task, through)) return;
    this.#summary.due++;
    const checked = this.#checked(through);
    if (this.#breakers.stuck(orgId)) {
      if (!isLate) this.#passOver(orgId);
      const notDrawn = this.#probes.consider({ task, checked, isLate });
      if (notDrawn?.isLate) this.#late.giveUp(this.#checks.outOfTurn(notDrawn.task, notDrawn.checked));
      pass.leave(orgId, position);
    } else if (isLate) {
      this.#late.ask(this.#checks.outOfTurn(task, checked));
    } else {
      const isServed = !this.#backlogs.get(orgId)?.hasUnread || pass.servedAt(task) !== undefined;
      if (!isServed || !this.#takeOn(task, checked, pass, position)) this.#passOver(orgId);
    }
  }

  /** How far a task had been checked before this sweep, if its organisation has not been served since. */
  #throughOf({ orgId, indexKey }: OpenTask): number {
    const behind = this.#backlogs.get(orgId)?.unreadAt(indexKey);
    return behind ?? watermarkAt(this.#window.coverage, indexKey) ?? 0;
  }

  /** Reads for organisations that have tasks left and room in their queue, until there are none. */
  async #furtherPasses(): Promise<void> {
    while (!this.#time.isClosing) {
      this.#late.releaseHeldBack();
      const unread = this.#backlogs.unstuck.filter(
        ({ hasUnread, orgId }) => hasUnread && !this.#queue.isStopped(orgId),
      );
      const wanting = unread.filter(({ orgId }) => this.#queue.wantsMore(orgId, this.#shard.number));
      if (wanting.some(({ orgId }) => this.#queue.isShort(orgId))) await this.#pass(wanting);
      else if (unread.length === 0 && this.#checks.isIdle) return;
      else {
        const idle = this.#checks.isIdle ? [] : [this.#checks.onIdle()];
        await Promise.race([this.#queue.onChange(), this.#time.closing, ...idle]);
      }
      await pause(PAUSE_MS);
    }
  }

  /** Reads what is left of some organisations, the spans furthest behind first, until their queues are full. */
  async #pass(backlogs: Backlog[]): Promise<void> {
    const pass = new Pass({ legs: [ALL_KEYS], backlogs });
    const stoppedAt = await this.#reader.read({
      legs: pass.legs,
      spans: this.#reader.reach(pass.served),
      isWanted: this.#reader.isDueSince(leastWatermark(pass.served)),
      take: (task, position) => {
        const through = pass.servedAt(task);
        if (through === undefined || this.#checks.isTakenOutOfTurn(task)) return true;
        if (!this.#isDueSince(task, through)) return true;
        if (this.#takeOn(task, this.#checked(through), pass, position)) this.#takeAfterAll(task.orgId);
        return !pass.isOver;
      },
    });
    pass.end(stoppedAt);
  }

  /**
   * Queues a task, unless its organisation has no room or was left earlier in this pass: then its tasks are left from
   * here on.
   */
  #takeOn(task: OpenTask, checked: Checked, pass: Pass, position: Position): boolean {
    const { orgId } = task;
    if (pass.hasLeft(orgId) || this.#queue.roomFor(orgId, this.#shard.number) <= 0) {
      pass.leave(orgId, position);
      return false;
    }
    this.#queue.add(this.#checks.of(task, checked));
    return true;
  }

  /** Counts a due task that the first pass did not take on. */
  #passOver(orgId: string): void {
    this.#passedOver.set(orgId, (this.#passedOver.get(orgId) ?? 0) + 1);
  }

  /** Counts a task that was taken on after the first pass, which has passed over it or did not read it. */
  #takeAfterAll(orgId: string): void {
    const times = this.#passedOver.get(orgId) ?? 0;
    if (times > 0) this.#passedOver.set(orgId, times - 1);
    else this.#summary.due++;
  }

  /** One object for all tasks that have been checked equally far: tens of thousands of checks are queued. */
  #checked(through: number): Checked {
    if (this.#lastChecked?.through !== through) {
      this.#lastChecked = { through, scheduledSince: this.#window.scheduledSince };
    }
    return this.#lastChecked;
  }

  #isDueSince(task: OpenTask, through: number): boolean {
    return this.#dependencies.schedule.isDue(task, through, this.#window.to);
  }

  #isLate(task: Pick<OpenTask, "trackedAt" | "deadlineAt">): boolean {
    return isPastDeadline(task, this.#now, this.#settings.deadlineMs);
  }

  #outcome(): ShardOutcome {
    const coverage = overlay(
      [{ ...ALL_KEYS, watermark: this.#window.to }],
      within(this.#window.coverage, this.#unread),
    );
    const behind = behindAfter(this.#backlogs.values(), this.#breakers);
    // Even if there was no time to read all of it, so that not every sweep tries.
    const readWholeAt = this.#isWhole ? this.#now : this.#shard.readWholeAt;
    const schedule = { id: this.#dependencies.schedule.id, since: this.#window.scheduledSince };
    const checkpoint = checkpointOf(coverage);
    const openTasks = this.#openCount.estimate() ?? this.#shard.openTasks;
    const swept = { checkpoint, readWholeAt, schedule, openTasks, behind: behind.totals };
    return { swept, behind };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function oldest(coverage: Coverage): CheckedSpan {
  return coverage.reduce((least, span) => (span.watermark < least.watermark ? span : least));
}
