import type { VirtualTime } from "../../local/harness/virtual-time.ts";
import { MEMORY_OF_A_VCPU } from "./assumptions.ts";

/**
 * The processor of one invocation. The engine's own instructions take no virtual time, so what they cost is waited
 * for here, one thing after the other as JavaScript does them.
 */
export class Processor {
  readonly #time: VirtualTime;
  readonly #share: number;
  #freeAt = 0;
  /** How long it has been busy, in milliseconds. */
  busyMs = 0;

  /** @param memory of the invocation, in MB */
  constructor({ time, memory }: { time: VirtualTime; memory: number }) {
    this.#time = time;
    this.#share = Math.min(1, memory / MEMORY_OF_A_VCPU);
  }

  /** Resolves when so many microseconds of a full vCPU are done, after everything that was asked before. */
  async spend(microseconds: number): Promise<void> {
    const cost = microseconds / 1000 / this.#share;
    this.busyMs += cost;
    const { now } = this.#time;
    this.#freeAt = Math.max(this.#freeAt, now) + cost;
    // Less than a timer can wait is carried over to the next.
    const wait = Math.floor(this.#freeAt - now);
    if (wait >= 1) await this.#time.after(wait);
  }
}
