import type { OpenTask } from "../tasks/record.ts";

/** The most tasks that are remembered, of all organisations. */
const MOST = 20_000;
/** After this many calls in a row without an answer, a task is a suspect. One may have been bad luck. */
const SUSPECT_AFTER = 2;
/** How long a suspect rests after the third such call, in milliseconds; after each further one more than twice as long. */
const FIRST_REST_MS = 45_000;
/** The part of its schedule's interval after which a suspect is asked about in any case. */
const LONGEST_REST = 0.9;

type Named = Pick<OpenTask, "orgId" | "indexKey">;

/** Calls about a task, one after the other, that went unanswered. */
export interface UnansweredCalls {
  calls: number;
  /** When the last one ended, in Unix milliseconds. */
  at: number;
}

/**
 * The tasks about which the last calls of this process went unanswered. An organisation may be answered about all of its
 * tasks but a few: once these are known, calls about them wait behind those about the others. That one of them goes
 * unanswered proves nothing, unless there is no other task.
 */
export class Suspects {
  /** By organisation and index key. No map is empty. */
  readonly #tasks = new Map<string, Map<string, UnansweredCalls>>();
  #length = 0;

  /** The calls about a task that have gone unanswered since its last answer; undefined if there are none. */
  unansweredCalls({ orgId, indexKey }: Named): UnansweredCalls | undefined {
    return this.#tasks.get(orgId)?.get(indexKey);
  }

  /** Whether a task is a suspect. */
  has(task: Named): boolean {
    return isSuspect(this.unansweredCalls(task));
  }

  /** The index keys of an organisation's suspects. */
  of(orgId: string): string[] {
    const tasks = this.#tasks.get(orgId);
    if (!tasks) return [];
    return [...tasks].filter(([, calls]) => isSuspect(calls)).map(([key]) => key);
  }

  /** Notes that a call about a task went unanswered. */
  unanswered({ orgId, indexKey }: Named, now: number): void {
    const known = this.unansweredCalls({ orgId, indexKey });
    if (known) {
      known.calls++;
      known.at = now;
      return;
    }
    if (this.#length === MOST) this.#forgetOne();
    const tasks = this.#tasks.get(orgId) ?? new Map<string, UnansweredCalls>();
    this.#tasks.set(orgId, tasks.set(indexKey, { calls: 1, at: now }));
    this.#length++;
  }

  /** Notes that a call about a task was answered. */
  answered({ orgId, indexKey }: Named): void {
    const tasks = this.#tasks.get(orgId);
    if (!tasks?.delete(indexKey)) return;
    this.#length--;
    if (tasks.size === 0) this.#tasks.delete(orgId);
  }

  /** Forgets an organisation's tasks: it had an outage, so that they went unanswered says nothing about them. */
  forget(orgId: string): void {
    this.#length -= this.#tasks.get(orgId)?.size ?? 0;
    this.#tasks.delete(orgId);
  }

  #forgetOne(): void {
    const [orgId, tasks] = this.#tasks.entries().next().value as [string, Map<string, UnansweredCalls>];
    this.answered({ orgId, indexKey: tasks.keys().next().value as string });
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
