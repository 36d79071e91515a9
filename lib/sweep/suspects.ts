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
export interface Silence {
  calls: number;
  /** When the last one ended, in Unix milliseconds. */
  at: number;
}

/**
 * The tasks about which the last calls of this process went unanswered. An organisation may be answered about all of its
 * tasks but a few: once these are known, calls about them wait behind those about the others, and say nothing about its
 * health.
 */
export class Suspects {
  /** By organisation and index key. No map is empty. */
  readonly #silences = new Map<string, Map<string, Silence>>();
  #length = 0;

  /** The calls about a task that have gone unanswered since its last answer; undefined if there are none. */
  silence({ orgId, indexKey }: Named): Silence | undefined {
    return this.#silences.get(orgId)?.get(indexKey);
  }

  /** Whether a task is a suspect. */
  has(task: Named): boolean {
    return isSuspicious(this.silence(task));
  }

  /** The index keys of an organisation's suspects. */
  of(orgId: string): string[] {
    const silences = this.#silences.get(orgId);
    if (!silences) return [];
    return [...silences].filter(([, silence]) => isSuspicious(silence)).map(([key]) => key);
  }

  /** Notes that a call about a task went unanswered. */
  unanswered({ orgId, indexKey }: Named, now: number): void {
    const known = this.silence({ orgId, indexKey });
    if (known) {
      known.calls++;
      known.at = now;
      return;
    }
    if (this.#length === MOST) this.#forgetOne();
    const silences = this.#silences.get(orgId) ?? new Map<string, Silence>();
    this.#silences.set(orgId, silences.set(indexKey, { calls: 1, at: now }));
    this.#length++;
  }

  /** Notes that a call about a task was answered. */
  answered({ orgId, indexKey }: Named): void {
    const silences = this.#silences.get(orgId);
    if (!silences?.delete(indexKey)) return;
    this.#length--;
    if (silences.size === 0) this.#silences.delete(orgId);
  }

  /** Forgets an organisation's tasks: it was in trouble, and so it says nothing about them that they went unanswered. */
  forget(orgId: string): void {
    this.#length -= this.#silences.get(orgId)?.size ?? 0;
    this.#silences.delete(orgId);
  }

  #forgetOne(): void {
    const [orgId, silences] = this.#silences.entries().next().value as [string, Map<string, Silence>];
    this.answered({ orgId, indexKey: silences.keys().next().value as string });
  }
}

/** Whether calls in a row without an answer make a task a suspect. */
export function isSuspicious(silence: Silence | undefined): boolean {
  return silence !== undefined && silence.calls >= SUSPECT_AFTER;
}

/**
 * Whether a suspect is not to be asked about yet. In the end it is asked about as often as it would become due if it
 * were answered.
 *
 * @param intervalMs of its schedule, at its age
 */
export function isResting({ calls, at }: Silence, intervalMs: number, now: number): boolean {
  const rest = FIRST_REST_MS * (2 ** (calls - SUSPECT_AFTER) - 1);
  return now < at + Math.min(rest, LONGEST_REST * intervalMs);
}
