import type { HintOutcome } from "./hints.ts";

/** A task that still runs when EnOS calls back is checked again after so many seconds; then the sweep has it. */
const EARLY_SECONDS = [5, 15];
/** What cannot be checked is tried again after this, doubled each time, within these. */
const FIRST_SECONDS = 10;
const LONGEST_SECONDS = 15 * 60;

/**
 * When a hint is acted on again; undefined when it is done with.
 *
 * With these times a hundred tries take a day: the queue's `maxReceiveCount`, after which a message is a dead letter.
 *
 * @param tries how often it was acted on, this time included
 * @returns seconds from now
 */
export function retryAfter(outcome: HintOutcome, tries: number): number | undefined {
  if (outcome === "open") return EARLY_SECONDS[tries - 1];
  if (outcome !== "failed") return undefined;
  return Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** Math.min(tries - 1, 10));
}
