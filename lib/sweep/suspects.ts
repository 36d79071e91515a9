import { CLOCK_ERROR_MS } from "../store/shard-store.ts";
import { type NamedTask, TaskMap } from "./task-map.ts";

/** The most tasks that are remembered, of all organisations, in each of the maps. */
const MOST = 20_000;
/** After this many calls in a row without an answer, a task is a suspect. One may have been bad luck. */
export const SUSPECT_AFTER = 2;
/** How long a suspect rests after the third such call, in milliseconds; after each further one more than twice as long. */
const FIRST_REST_MS = 45_000;
/** The part of its schedule's interval after which a suspect is asked about in any case. */
const LONGEST_REST = 0.9;

/** Calls about a task that went unanswered, since it was last answered. */
export interface UnansweredCalls {
  /** How many of them say something about the task: its organisation was not stuck, and its gateway was connected to. */
  calls: number;
  /** When the last one of all ended, in Unix milliseconds. */
  at: number;
}

/**
 * The tasks about which the last calls went unanswered: those of this process, and those that records tell of. An
 * organisation may be answered about all of its tasks but a few: once these are known, calls about them wait behind those
 * about the others. That one of them goes unanswered proves nothing, unless there is no other task.
 */
export class Suspects {
  readonly #known = new TaskMap<UnansweredCalls>(MOST);
  /** Those about which no call said anything. Apart, so that probes of thousands that are stuck displace none of the others. */
  readonly #onlyAsked = new TaskMap<UnansweredCalls>(MOST);
  /** Those that earlier processes asked about in vain. Apart for the same reason. */
  readonly #recorded = new TaskMap<UnansweredCalls>(MOST);

  /** The calls about a task that have gone unanswered; undefined if there are none. */
  unansweredCalls(task: NamedTask, now: number): UnansweredCalls | undefined {
    const found = this.#find(task);
    // The clock was ahead then, and has been put right.
    if (found && found.at > now + CLOCK_ERROR_MS) found.at = 0;
    return found;
  }

  /** How many calls about a task went unanswered; undefined if the last one did not. */
  count(task: NamedTask): number | undefined {
    return this.#find(task)?.calls;
  }

  /** Whether a task is a suspect. */
  has(task: NamedTask): boolean {
    return isSuspect(this.#find(task));
  }

  /** The index keys of an organisation's suspects. */
  of(orgId: string): string[] {
    const known = [...this.#known.of(orgId), ...this.#recorded.of(orgId)];
    return known.filter(([, calls]) => isSuspect(calls)).map(([key]) => key);
  }

  /**
   * Notes what a record tells of a task, unless this process knows better: how many calls about it went unanswered.
   * Otherwise each new process would first ask about such tasks, which have waited longest.
   */
  recorded(task: NamedTask, calls: number): void {
    if (!this.#find(task)) this.#recorded.set(task, { calls, at: 0 });
  }

  /** Notes that a call about a task went unanswered. @param isTelling whether that says something about the task */
  unanswered(task: NamedTask, now: number, isTelling: boolean): void {
    const known = this.#known.get(task) ?? this.#recorded.get(task);
    if (known) {
      if (isTelling) known.calls++;
      known.at = now;
    } else if (isTelling) this.#known.set(task, { calls: 1, at: now });
    else this.#onlyAsked.set(task, { calls: 0, at: now });
  }

  /** Notes that a call about a task was answered. */
  answered(task: NamedTask): void {
    this.#known.delete(task);
    this.#onlyAsked.delete(task);
    this.#recorded.delete(task);
  }

  #find(task: NamedTask): UnansweredCalls | undefined {
    return this.#known.get(task) ?? this.#recorded.get(task) ?? this.#onlyAsked.get(task);
  }
}

/** Whether calls in a row without an answer make a task a suspect. */
export function isSuspect(unanswered: UnansweredCalls | undefined): boolean {
  return unanswered !== undefined && unanswered.calls >= SUSPECT_AFTER;
}

/**
 * Whether a suspect is not to be asked about yet. In the end it is asked about as often as it would become due if it
 * were answered.
 *
 * @param intervalMs of its schedule, at its age
 */
export function isResting({ calls, at }: UnansweredCalls, intervalMs: number, now: number): boolean {
  const rest = FIRST_REST_MS * (2 ** (calls - SUSPECT_AFTER) - 1);
  return now < at + Math.min(rest, LONGEST_REST * intervalMs);
}
