import type { Breakers } from "./breakers.ts";
import type { Check, Checks } from "./checks.ts";
import type { FairQueue } from "./fair-queue.ts";
import { HeldBack } from "./held-back.ts";
import type { SecondOpinions } from "./second-opinions.ts";
import type { TimeBudget } from "./time-budget.ts";

/**
 * One shard's tasks that are past their deadline. Each is asked about once more if its organisation answers or may
 * answer, since one that has ended must not be given up; otherwise it is given up unasked.
 */
export class LateTasks {
  readonly #queue: FairQueue<Check>;
  readonly #checks: Checks;
  readonly #secondOpinions: SecondOpinions;
  readonly #time: TimeBudget;
  readonly #heldBack: HeldBack;

  constructor(options: {
    queue: FairQueue<Check>;
    checks: Checks;
    breakers: Breakers;
    secondOpinions: SecondOpinions;
    time: TimeBudget;
  }) {
    this.#queue = options.queue;
    this.#checks = options.checks;
    this.#secondOpinions = options.secondOpinions;
    this.#time = options.time;
    this.#heldBack = new HeldBack(options.breakers);
  }

  /** Asks about a task before its organisation's others. Gives it up if there is no room for it, or no time to ask. */
  ask(check: Check): void {
    if (!this.#queue.hasRoomInFront(check.orgId)) {
      this.#checks.giveUp(check);
      return;
    }
    // Given up only if EnOS was not asked. If its answer could not be published or written, the next sweep asks again:
    // EnOS's answer takes precedence over giving up.
    const onUnasked = () => this.giveUp(check);
    this.#queue.add({ ...check, onUnasked }, { goesFirst: true });
  }

  /** Gives up a task of a stuck organisation; not yet if only its gateway is stuck, and it may be answered itself. */
  giveUp(check: Check): void {
    if (this.#time.isClosing || !this.#heldBack.add(check)) this.#checks.giveUp(check);
  }

  /** Asks each organisation with tasks that are held back about one of them. */
  askHeldBack(): void {
    for (const orgId of this.#heldBack.orgIds) {
      this.#secondOpinions.ask(orgId, () => {
        const check = this.#heldBack.takeOne(orgId) as Check;
        return { ...check, onUnasked: () => this.#checks.giveUp(check) };
      });
    }
  }

  /** Asks about tasks that were held back, or gives them up, once it is known whether their organisations answer. */
  releaseHeldBack(): void {
    const { answered, stuck } = this.#heldBack.release();
    for (const check of answered) this.ask(check);
    for (const check of stuck) this.#checks.giveUp(check);
  }

  /** Gives up what is still held back. */
  end(): void {
    for (const check of this.#heldBack.clear()) this.#checks.giveUp(check);
  }
}
