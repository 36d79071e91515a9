import { type Coverage, coverageOf } from "../store/coverage.ts";
import { CLOCK_ERROR_MS, type Shard } from "../store/shard-store.ts";
import type { Schedule } from "../tasks/schedule.ts";

/** What one sweep of a shard has to check: everything that became due from how far it was checked up to now. */
export class ShardWindow {
  /** How far the shard had been checked before this sweep. */
  readonly coverage: Coverage;
  /**
   * The end, in Unix milliseconds: now, or a later watermark, which was written by a clock that is ahead. If the window
   * ended before that watermark, an organisation that catches up would count as checked further than it was.
   */
  readonly to: number;
  /** Since when the shard has been checked by the present schedule, in Unix milliseconds. */
  readonly scheduledSince: number;
  readonly #schedule: Schedule;
  readonly #now: number;
  readonly #onClockAhead: (seconds: number) => void;

  constructor(options: {
    /** As it was read under the lease. */
    shard: Pick<Shard, "checkpoint" | "schedule">;
    schedule: Schedule;
    /** When the sweep took the shard, in Unix milliseconds. */
    now: number;
    /** Called if a watermark is this many seconds ahead, which only a wrong clock explains. */
    onClockAhead: (seconds: number) => void;
  }) {
    this.#schedule = options.schedule;
    this.#now = options.now;
    this.#onClockAhead = options.onClockAhead;
    this.coverage = this.corrected(coverageOf(options.shard.checkpoint));
    this.to = Math.max(this.#now, latestOf(this.coverage));
    this.scheduledSince = this.#scheduledSince(options.shard);
  }

  /** Lowers watermarks that a wrong clock has set far in the future, or no task would be due until then. */
  corrected(coverage: Coverage): Coverage {
    const ahead = latestOf(coverage) - this.#now;
    if (ahead <= CLOCK_ERROR_MS) return coverage;
    this.#onClockAhead(Math.round(ahead / 1_000));
    const latest = this.#now - this.#schedule.interval(0);
    return coverage.map((span) => ({ ...span, watermark: Math.min(span.watermark, latest) }));
  }

  /** The latest watermark if the schedule was another one so far, or if a clock was wrong. */
  #scheduledSince({ schedule, checkpoint }: Pick<Shard, "checkpoint" | "schedule">): number {
    const latest = latestOf(this.coverage);
    const isTrue = schedule?.id === this.#schedule.id && checkpoint.watermark <= latest;
    return isTrue ? Math.min(schedule.since, latest) : latest;
  }
}

function latestOf(coverage: Coverage): number {
  return Math.max(...coverage.map(({ watermark }) => watermark));
}
