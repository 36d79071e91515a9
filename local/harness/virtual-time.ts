import { nextTick } from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import FakeTimers, { type Clock } from "@sinonjs/fake-timers";

/** When the simulated time begins, in Unix milliseconds. */
export const EPOCH = Date.UTC(2026, 10, 24, 8);

/** After so many moments the process sees to its sockets and signals: a turn of the event loop costs ten ticks. */
const MOMENTS_PER_TURN = 1_000;

/**
 * Time that passes only when everybody waits, for all code of this process: while it is installed, `setTimeout`,
 * `Date` and `performance.now()` go by it. `AbortSignal.timeout` does not, it is the platform's own; the engine
 * uses it only as the last limit of giving a shard back, which the simulated shards do not listen to.
 */
export class VirtualTime {
  readonly #clock: Clock = FakeTimers.install({
    now: EPOCH,
    toFake: ["setTimeout", "clearTimeout", "Date", "performance"],
  });
  readonly #moments = new Map<number, Promise<void>>();

  /** Unix milliseconds. */
  get now(): number {
    return this.#clock.now;
  }

  /**
   * Resolves so many milliseconds later, rounded to whole ones as timers are. All who wait for the same millisecond
   * share one timer: a sweep makes hundreds of thousands of calls.
   */
  after(milliseconds: number): Promise<void> {
    const at = this.now + Math.max(1, Math.round(milliseconds));
    let moment = this.#moments.get(at);
    if (!moment) {
      moment = new Promise((resolve) => {
        setTimeout(() => {
          this.#moments.delete(at);
          resolve();
        }, at - this.now);
      });
      this.#moments.set(at, moment);
    }
    return moment;
  }

  /**
   * Lets time pass until the work is done.
   *
   * @throws {Error} when the work waits for something that no timer will bring
   */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (let moment = 1; ; moment++) {
      // All that follows from the last moment happens before the next one: a tick comes when all promises are settled.
      await (moment % MOMENTS_PER_TURN === 0 ? turn() : new Promise<void>((resolve) => nextTick(resolve)));
      if (isDone) return work;
      if (this.#clock.countTimers() === 0) throw new Error("time stands still: nothing is waited for");
      this.#clock.next();
    }
  }

  [Symbol.dispose](): void {
    this.#clock.uninstall();
  }
}
