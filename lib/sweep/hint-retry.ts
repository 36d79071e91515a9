import type { HintOutcome } from "./hints.ts";

/** A task that is still running when EnOS calls back is checked again after these times (seconds), then by sweeps. */
const EARLY_SECONDS = [5, 15];
/** A task that cannot be checked is retried after this, doubled each time, up to a maximum. */
const FIRST_SECONDS = 10;
const LONGEST_SECONDS = 15 * 60;

/**
 * When to act on a hint again; undefined if it is finished.
 *
 * With these times, a hundred attempts take a day: the queue's `maxReceiveCount`, after which a message becomes a dead
 * letter.
 *
 * @param tries how often it was acted on, this time included
 * @returns seconds from now
 */
export function secondsToNextTry(outcome: HintOutcome, tries: number): number | undefined {
  if (outcome === "open") return EARLY_SECONDS[tries - 1];
  if (outcome !== "failed") return undefined;
  return Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** Math.min(tries - 1, 10));
}
