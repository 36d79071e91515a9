import { nextTick } from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import FakeTimers, { type Clock } from "@sinonjs/fake-timers";

/** The start of the simulated time, in Unix milliseconds. */
export const EPOCH = Date.UTC(2026, 10, 24, 8);

/** How many timers fire between two turns of the event loop, each of which costs as much as ten ticks. */
const MOMENTS_PER_TURN = 1_000;

/**
 * Time that passes only while all code of this process waits. While it is installed, `setTimeout`, `Date` and
 * `performance.now()` follow it. `AbortSignal.timeout` does not; the engine uses it only to limit the release of a
 * shard, and the simulated shards ignore it.
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
   * Resolves after a time, rounded to whole milliseconds like timers. Everything that waits for the same millisecond
   * shares one timer, since a sweep makes hundreds of thousands of calls.
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
   * @throws {Error} if the work waits for something other than a timer
   */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (let moment = 1; ; moment++) {
      // A tick comes once all promises are settled, so everything that follows from one timer happens before the next.
      await (moment % MOMENTS_PER_TURN === 0 ? turn() : new Promise<void>((resolve) => nextTick(resolve)));
      if (isDone) return work;
      if (this.#clock.countTimers() === 0) throw new Error("time stands still: no timer is waiting");
      this.#clock.next();
    }
  }

  [Symbol.dispose](): void {
    this.#clock.uninstall();
  }
}
