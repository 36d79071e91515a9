import type { Schedule } from "../../lib/tasks/schedule.ts";
import type { Random } from "../../local/harness/random.ts";
import type { Durations } from "../simulation/durations.ts";
import { EPOCH } from "./virtual-time.ts";

/** Durations that the open tasks' are drawn from, drawn themselves once. */
const POOL = 2 ** 17;

/** A task that is open at a moment; all in milliseconds. */
export interface OpenAge {
  duration: number;
  /** Since it was tracked. */
  age: number;
}

/** Where the tasks and their checks come from. */
export interface OpenAgesOptions {
  durations: Durations;
  schedule: Schedule;
  sweepMs: number;
}

/**
 * Ages of the tasks that are open when virtual time begins and a sweep has just ended, when tasks have been tracked
 * at one rate for ever. A long task is more likely to be among them than a short one, and so are tasks that have ended and
 * whose next check is still to come.
 */
export class OpenAges {
  readonly #random: Random;
  readonly #schedule: Schedule;
  readonly #sweepMs: number;
  /** The longest that an ended task can wait for its check. */
  readonly #longestWait: number;
  readonly #pool: Float64Array;
  /** Sums of how long each of the pool can be open at most. */
  readonly #sums: Float64Array;
  /** How long a task is open on average, in milliseconds. */
  readonly meanOpenMs: number;

  constructor({ durations, schedule, sweepMs }: OpenAgesOptions, random: Random) {
    this.#random = random;
    this.#schedule = schedule;
    this.#sweepMs = sweepMs;
    this.#longestWait = schedule.bound(Number.POSITIVE_INFINITY);
    this.#pool = new Float64Array(POOL).map(() => durations.draw(random));
    let sum = 0;
    this.#sums = this.#pool.map((duration) => {
      sum += duration + this.#longestWait;
      return sum;
    });
    let open = 0;
    for (let trial = 0; trial < POOL; trial++) if (this.#try(random())) open++;
    this.meanOpenMs = (sum / POOL) * (open / POOL);
  }

  /** @param offset the task's own shift of the schedule, in [0, 1) */
  draw(offset: number): OpenAge {
    for (;;) {
      const open = this.#try(offset);
      if (open) return open;
    }
  }

  /** Some task that may be open; undefined when it is not. */
  #try(offset: number): OpenAge | undefined {
    const duration = this.#pool[this.#pick()] as number;
    const age = this.#random() * (duration + this.#longestWait);
    const end = duration - age;
    if (end > 0) return { duration, age };
    // Ended, and open only when no check has come since: when it was not due in any sweep after its end.
    const lastBefore = (Math.ceil(end / this.#sweepMs) - 1) * this.#sweepMs;
    const isSeen = this.#schedule.isDue({ trackedAt: EPOCH - age, offset }, EPOCH + lastBefore, EPOCH);
    return isSeen ? undefined : { duration, age };
  }

  /** One of the pool, the likelier the longer it can be open. */
  #pick(): number {
    const wanted = this.#random() * (this.#sums[POOL - 1] as number);
    let low = 0;
    let high = POOL - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
