import type { BehindRecord } from "../store/behind-store.ts";
import type { CheckedSpan } from "../store/checkpoint.ts";
import { type Coverage, leastWatermark, overlay, watermarkAt, within } from "../store/coverage.ts";
import { ALL_KEYS, type KeySpan, keysBefore, keysFrom } from "../store/key-span.ts";
import { checkpointOf } from "../store/merge-gaps.ts";
import { PAGE_SIZE } from "../store/open-task-store.ts";
import type { Shard, SweptShard } from "../store/shard-store.ts";
import { isPastDeadline } from "../tasks/decision.ts";
import type { Checked } from "../tasks/known-open.ts";
import type { OpenTask } from "../tasks/record.ts";
import { Backlog } from "./backlog.ts";
import { type Behind, behindAfter } from "./behind.ts";
import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";
import type { Checker } from "./checker.ts";
import type { SweepDependencies, SweepSettings } from "./dependencies.ts";
import type { FairQueue } from "./fair-queue.ts";
import { LateTasks } from "./late-tasks.ts";
import { learnMoved } from "./moved-organisations.ts";
import { OpenCount } from "./open-count.ts";
import type { Candidate } from "./probe-candidates.ts";
import { Probes } from "./probes.ts";
import { type Position, rest, ShardReader } from "./shard-reader.ts";
import { ShardWindow } from "./shard-window.ts";
import type { SweepSummary } from "./summary.ts";
import type { TimeBudget } from "./time-budget.ts";

/** How often a shard in which an organisation is behind is read completely, in milliseconds. */
const WHOLE_EVERY_MS = 15 * 60_000;
/** The same while an organisation there waits for its probe because none of its tasks is due. */
const WHOLE_FOR_PROBES_EVERY_MS = 5 * 60_000;

/** Time reserved at the sweep's end to write the record of one organisation that is behind, in milliseconds. */
const CHANGE_MS = 1;

/** For how long an organisation that is behind may wait until the task that is furthest behind is read, in milliseconds. */
const OLDEST_FIRST_MS = 1_000;

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
  readonly #backlogs = new Map<string, Backlog>();
  /** Organisations that were behind here and stuck when the sweep began. */
  readonly #stuckBefore = new Set<string>();
  /** The position in the present pass from which on an organisation's tasks are left for later. */
  readonly #left = new Map<string, Position>();
  /** Organisations whose records will probably have to be written. */
  readonly #changing = new Set<string>();
  /** The number of due tasks, by organisation, that were read and not taken on so far. */
  readonly #passedOver = new Map<string, number>();
  /** Index keys of tasks that were taken on out of turn. */
  readonly #takenOutOfTurn = new Set<string>();
  readonly #openCount = new OpenCount();
  readonly #probes: Probes;
  readonly #late: LateTasks;
  /** What {@link #unstuck} returned, and for what. */
  #unstuckAt = { version: -1, size: -1, backlogs: [] as readonly Backlog[] };
  /** Spans that the first pass did not read. */
  #unread: KeySpan[] = [ALL_KEYS];
  #underWay = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: {
    dependencies: SweepDependencies;
    settings: SweepSettings;
    summary: SweepSummary;
    time: TimeBudget;
    breakers: Breakers;
    checker: Checker;
    /** As it was read under the lease. */
    shard: Shard;
    behind: readonly BehindRecord[];
  }) {
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
      onFailure: (error) => options.checker.failed("read", error),
    });
    for (const record of options.behind) {
      const unread = overlay(this.#window.coverage, this.#window.corrected(record.gaps));
      this.#backlogs.set(record.orgId, new Backlog({ orgId: record.orgId, unread, record }));
      if (record.origin) this.#breakers.learn(record.orgId, record.origin);
      if (this.#breakers.stuck(record.orgId)) this.#stuckBefore.add(record.orgId);
    }
    const isOverdue = [...this.#stuckBefore].some((orgId) => this.#probes.isOverdue(orgId, schedule));
    const wholeEveryMs = isOverdue ? WHOLE_FOR_PROBES_EVERY_MS : WHOLE_EVERY_MS;
    this.#isWhole = options.behind.length > 0 && Math.abs(this.#now - readWholeAt) >= wholeEveryMs;
  }

  /** Resolves with the result; undefined if the shard's record must stay as it was. */
  async run(): Promise<ShardOutcome | undefined> {
    for (const { orgId, record } of this.#backlogs.values()) if (!record?.isSettled) this.#reserveFor(orgId);
    await this.#oldestFirst(this.#firstPass());
    this.#startProbes();
    this.#late.askHeldBack();
    const [gone] = await Promise.all([this.#readWhole(), this.#learnMoved(), this.#furtherPasses()]);
    this.#late.end();
    for (const backlog of gone) backlog.clear();
    for (const times of this.#passedOver.values()) this.#summary.deferred += times;
    return (await this.#time.outlasts(this.#onIdle())) ? this.#outcome() : undefined;
  }

  #startProbes(): void {
    this.#probes.start(
      (candidate) => this.#probeOf(candidate),
      (orgId) => this.#backlogs.get(orgId)?.record !== undefined,
      ({ task, checked, isLate }) => {
        if (isLate) this.#late.meet(this.#outOfTurn(task, checked));
      },
    );
  }

  #probeOf({ task, checked, isLate }: Candidate): Check {
    if (isLate) return this.#late.asProbe(this.#outOfTurn(task, checked));
    if (!this.#isDueSince(task, checked.through)) return this.#earlyCheckOf(task, checked);
    this.#takeAfterAll(task.orgId);
    return this.#outOfTurn(task, checked);
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
    const behind = [...this.#backlogs.values()].filter(({ record }) => record);
    const present = new Set<string>();
    const stoppedAt = await this.#reader.read({
      legs: [ALL_KEYS],
      spans: [ALL_KEYS],
      isWanted: () => true,
      take: (task) => {
        present.add(task.orgId);
        if (this.#stuckBefore.has(task.orgId) && !this.#takenOutOfTurn.has(task.indexKey)) {
          const checked = this.#checked(this.#throughOf(task));
          this.#probes.consider({ task, checked, isLate: this.#isLate(task) });
        }
        return true;
      },
    });
    this.#startProbes();
    return stoppedAt ? [] : behind.filter(({ orgId }) => !present.has(orgId));
  }

  /**
   * Has organisations that are behind wait, while the first pass is made, for the task that is furthest behind. Otherwise
   * one that gets a single call in each sweep would spend it on what is read first, which is often the same task.
   */
  async #oldestFirst(firstPass: Promise<void>): Promise<void> {
    const { number } = this.#shard;
    const unstuck = this.#unstuck();
    for (const { orgId, least } of unstuck) this.#queue.expect(orgId, number, least);
    const orgIds = unstuck.map(({ orgId }) => orgId);
    const timer = setTimeout(() => this.#queue.expectNoMore(orgIds, number), OLDEST_FIRST_MS);
    await firstPass;
    clearTimeout(timer);
    this.#queue.expectNoMore(orgIds, number);
  }

  /** Reads everything that became due, of all organisations. */
  async #firstPass(): Promise<void> {
    const served = this.#unstuck();
    const coverage = [...this.#window.coverage, ...served.flatMap((backlog) => backlog.begin())];
    // Begins with what the last sweep did not read.
    const start = oldest(this.#window.coverage).from;
    const legs = [keysFrom(start), keysBefore(start)];
    const stoppedAt = await this.#reader.read({
      legs,
      // A shard that fits on a page is read completely, at the cost of a page: its tasks are counted, not estimated.
      spans:
        (this.#shard.openTasks ?? PAGE_SIZE) <= PAGE_SIZE / 2 ? [ALL_KEYS] : this.#reader.reach(coverage),
      openCount: this.#openCount,
      isWanted: this.#reader.isDueSince(Math.min(leastWatermark(coverage), this.#probedSince())),
      take: (task, position) => {
        this.#meet(task, position);
        return true;
      },
    });
    this.#unread = this.#endPass(served, legs, stoppedAt);
    for (const [orgId, left] of this.#left) {
      const backlog = this.#backlogOf(orgId);
      if (backlog.hasUnread) continue;
      backlog.leaveUnread(within(this.#window.coverage, rest(legs, left)));
      this.#reserveFor(orgId);
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
  #meet(task: OpenTask, position: Position): void {
    const { orgId, indexKey } = task;
    const through = this.#throughOf(task);
    const isLate = this.#isLate(task);
    if (!isLate && !this.#isDueSince(task, through)) return;
    this.#summary.due++;
    const checked = this.#checked(through);
    if (this.#breakers.stuck(orgId)) {
      if (!isLate) this.#passOver(orgId);
      const notDrawn = this.#probes.consider({ task, checked, isLate });
      if (notDrawn?.isLate) this.#late.giveUp(this.#outOfTurn(notDrawn.task, notDrawn.checked));
      this.#leave(orgId, position);
    } else if (isLate) {
      this.#late.ask(this.#outOfTurn(task, checked));
    } else {
      const backlog = this.#backlogs.get(orgId);
      const isServed = !backlog?.hasUnread || backlog.servedAt(indexKey) !== undefined;
      if (!isServed || !this.#takeOn(task, checked, position)) this.#passOver(orgId);
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
      const unread = this.#unstuck().filter(
        ({ hasUnread, orgId }) => hasUnread && !this.#queue.isStopped(orgId),
      );
      const wanting = unread.filter(({ orgId }) => this.#queue.wantsMore(orgId, this.#shard.number));
      if (wanting.some(({ orgId }) => this.#queue.isShort(orgId))) await this.#pass(wanting);
      else if (unread.length === 0 && this.#underWay === 0) return;
      else {
        const idle = this.#underWay > 0 ? [this.#onIdle()] : [];
        await Promise.race([this.#queue.onChange(), this.#time.closing, ...idle]);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The backlogs of organisations that are not stuck. They may be a few of thousands, and are needed after each call. */
  #unstuck(): readonly Backlog[] {
    const { version } = this.#breakers;
    const { size } = this.#backlogs;
    if (this.#unstuckAt.version !== version || this.#unstuckAt.size !== size) {
      const backlogs = [...this.#backlogs.values()].filter(({ orgId }) => !this.#breakers.stuck(orgId));
      this.#unstuckAt = { version, size, backlogs };
    }
    return this.#unstuckAt.backlogs;
  }

  /** Reads what is left of some organisations, the spans furthest behind first, until their queues are full. */
  async #pass(backlogs: Backlog[]): Promise<void> {
    const legs = [ALL_KEYS];
    const served = new Map(backlogs.map((backlog) => [backlog.orgId, backlog]));
    const coverage = backlogs.flatMap((backlog) => backlog.begin());
    this.#left.clear();
    const stoppedAt = await this.#reader.read({
      legs,
      spans: this.#reader.reach(coverage),
      isWanted: this.#reader.isDueSince(leastWatermark(coverage)),
      take: (task, position) => {
        const through = served.get(task.orgId)?.servedAt(task.indexKey);
        if (through === undefined || this.#takenOutOfTurn.has(task.indexKey)) return true;
        if (!this.#isDueSince(task, through)) return true;
        if (this.#takeOn(task, this.#checked(through), position)) this.#takeAfterAll(task.orgId);
        return this.#left.size < served.size;
      },
    });
    this.#endPass(backlogs, legs, stoppedAt);
  }

  /** Ends a pass for the organisations that it served; returns the spans that it has not read. */
  #endPass(served: readonly Backlog[], legs: readonly KeySpan[], stoppedAt: Position | undefined): KeySpan[] {
    const unread = stoppedAt ? rest(legs, stoppedAt) : [];
    for (const backlog of served) {
      const left = this.#left.get(backlog.orgId);
      this.#left.delete(backlog.orgId);
      backlog.end(left ? rest(legs, left) : unread);
    }
    return unread;
  }

  /**
   * Queues a task, unless its organisation has no room or was left earlier in this pass: then its tasks are left from
   * here on.
   */
  #takeOn(task: OpenTask, checked: Checked, position: Position): boolean {
    const { orgId } = task;
    if (this.#left.has(orgId) || this.#queue.roomFor(orgId, this.#shard.number) <= 0) {
      this.#leave(orgId, position);
      return false;
    }
    this.#queue.add(this.#checkOf(task, checked));
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

  #checkOf(task: OpenTask, checked: Checked): Check {
    const backlog = this.#backlogOf(task.orgId);
    const number = backlog.take();
    this.#underWay++;
    return {
      orgId: task.orgId,
      source: this.#shard.number,
      task,
      checked,
      onEnd: (isChecked) => {
        if (!isChecked) {
          this.#summary.deferred++;
          backlog.leaveOut({ key: task.indexKey, number, watermark: checked.through });
        }
        // No write is to be expected for an organisation that stays behind as its record says.
        const isNews = isChecked ? backlog.record : !backlog.record || this.#breakers.stuck(task.orgId);
        if (isNews) this.#reserveFor(task.orgId);
        this.#ended();
      },
    };
  }

  /** Keeps time to write the record of an organisation at the end. */
  #reserveFor(orgId: string): void {
    if (this.#changing.has(orgId)) return;
    this.#changing.add(orgId);
    this.#time.reserve(CHANGE_MS);
  }

  /** The check of a task that is not due: nothing is left to do if it cannot be checked. */
  #earlyCheckOf(task: OpenTask, checked: Checked): Check {
    const { orgId } = task;
    this.#underWay++;
    const onEnd = (isChecked: boolean) => {
      if (isChecked) this.#reserveFor(orgId);
      this.#ended();
    };
    return { orgId, source: this.#shard.number, task, checked, onEnd };
  }

  #leave(orgId: string, position: Position): void {
    if (!this.#left.has(orgId)) this.#left.set(orgId, position);
  }

  /** The check of a task that further passes do not take on: it is past its deadline, or a probe uses it. */
  #outOfTurn(task: OpenTask, checked: Checked): Check {
    this.#takenOutOfTurn.add(task.indexKey);
    return this.#checkOf(task, checked);
  }

  #checked(through: number): Checked {
    return { through, scheduledSince: this.#window.scheduledSince };
  }

  #isDueSince(task: OpenTask, through: number): boolean {
    return this.#dependencies.schedule.isDue(task, through, this.#window.to);
  }

  #isLate(task: Pick<OpenTask, "trackedAt" | "deadlineAt">): boolean {
    return isPastDeadline(task, this.#now, this.#settings.deadlineMs);
  }

  #backlogOf(orgId: string): Backlog {
    let backlog = this.#backlogs.get(orgId);
    if (!backlog) {
      backlog = new Backlog({ orgId });
      this.#backlogs.set(orgId, backlog);
    }
    return backlog;
  }

  #ended(): void {
    if (--this.#underWay > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #onIdle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
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

function oldest(coverage: Coverage): CheckedSpan {
  return coverage.reduce((least, span) => (span.watermark < least.watermark ? span : least));
}
