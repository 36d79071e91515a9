import type { Breakers } from "./breakers.ts";
import type { Check } from "./check.ts";
import type { Checker } from "./checker.ts";
import type { CheckDependencies } from "./dependencies.ts";
import { HeldBack } from "./held-back.ts";
import type { Suspects } from "./suspects.ts";
import type { TimeBudget } from "./time-budget.ts";

/**
 * One shard's tasks that are past their deadline. Each is asked about once more if its organisation answers or may
 * answer, since one that has ended must not be given up; otherwise it is given up unasked, unless it is the probe of its
 * organisation.
 */
export class LateTasks {
  readonly #checker: Pick<Checker, "queue" | "secondOpinions" | "giveUp">;
  readonly #breakers: Breakers;
  readonly #time: TimeBudget;
  readonly #suspects: Suspects;
  readonly #heldBack: HeldBack;

  constructor(options: {
    dependencies: Pick<CheckDependencies, "suspects">;
    checker: Pick<Checker, "queue" | "secondOpinions" | "giveUp">;
    breakers: Breakers;
    time: TimeBudget;
  }) {
    this.#checker = options.checker;
    this.#breakers = options.breakers;
    this.#time = options.time;
    this.#suspects = options.dependencies.suspects;
    this.#heldBack = new HeldBack(options.breakers);
  }

  /** Asks about a task or gives it up, as its organisation is now. */
  meet(check: Check): void {
    if (this.#breakers.stuck(check.orgId)) this.giveUp(check);
    else this.ask(check);
  }

  /** The check of a task that tells whether its organisation answers: it is given up if EnOS is not asked. */
  asProbe(check: Check): Check {
    return { ...check, onUnasked: () => this.#checker.giveUp(check) };
  }

  /**
   * Asks about a task before its organisation's others. Gives it up if there is no time to ask, or no room: for tasks that
   * were asked about in vain there is little.
   */
  ask(check: Check): void {
    if (!this.#checker.queue.hasRoomInFront(check)) {
      this.#checker.giveUp(check);
      return;
    }
    // Given up only if EnOS was not asked. If its answer could not be published or written, the next sweep asks again:
    // EnOS's answer takes precedence over giving up.
    const onUnasked = () => this.giveUp(check);
    this.#checker.queue.add({ ...check, onUnasked }, { goesFirst: true });
  }

  /**
   * Gives up a task of a stuck organisation; not yet if only its gateway is stuck, and it may be answered itself. A suspect
   * would not be answered.
   */
  giveUp(check: Check): void {
    const isOver = this.#time.isClosing || this.#suspects.has(check.task);
    if (isOver || !this.#heldBack.add(check)) this.#checker.giveUp(check);
  }

  /** Asks each organisation with tasks that are held back about one of them. */
  askHeldBack(): void {
    for (const orgId of this.#heldBack.orgIds) {
      this.#checker.secondOpinions.ask(orgId, () => this.asProbe(this.#heldBack.takeOne(orgId) as Check));
    }
  }

  /** Asks about tasks that were held back, or gives them up, once it is known whether their organisations answer. */
  releaseHeldBack(): void {
    const { answered, stuck } = this.#heldBack.release();
    for (const check of answered) this.ask(check);
    for (const check of stuck) this.#checker.giveUp(check);
  }

  /** Gives up what is still held back. */
  end(): void {
    for (const check of this.#heldBack.clear()) this.#checker.giveUp(check);
  }
}
