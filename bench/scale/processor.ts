import type { VirtualTime } from "../../local/harness/virtual-time.ts";
import { MEMORY_OF_A_VCPU } from "./assumptions.ts";

/** The processor of one invocation. Code takes no virtual time to run, so its CPU time is waited for here, in turn. */
export class Processor {
  readonly #time: VirtualTime;
  readonly #share: number;
  #freeAt = 0;
  busyMs = 0;

  /** @param memory of the invocation, in MB */
  constructor({ time, memory }: { time: VirtualTime; memory: number }) {
    this.#time = time;
    this.#share = Math.min(1, memory / MEMORY_OF_A_VCPU);
  }

  /** Resolves when this work is done, after all earlier work. @param microseconds of a full vCPU */
  async spend(microseconds: number): Promise<void> {
    const cost = microseconds / 1000 / this.#share;
    this.busyMs += cost;
    const { now } = this.#time;
    this.#freeAt = Math.max(this.#freeAt, now) + cost;
    // A timer cannot wait for less than a millisecond: the rest is carried over.
    const wait = Math.floor(this.#freeAt - now);
    if (wait >= 1) await this.#time.after(wait);
  }
}
