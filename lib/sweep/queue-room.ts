import type { Lane, Queued } from "./lane.ts";

/**
 * How many items of one organisation from one source may be queued: MOST; or LEAST if it is slow, or once MANY items of
 * all organisations are queued, which take about 60 MB. The rest is read from the index again. Its suspects do not count:
 * a process knows 20,000 at most.
 */
const LEAST = 64;
const MOST = 3_000;
const MANY = 100_000;

/**
 * How many suspects of all organisations may be queued to go first: they have about as many waiting places, in which a
 * call takes ten seconds if it goes unanswered once more.
 */
const MOST_SUSPECTS_IN_FRONT = 100;

/** How many more items of an organisation can be queued from one source. One whose pace is unknown counts as quick. */
export function roomFor(lane: Lane<Queued> | undefined, source: number, queued: number): number {
  const most = lane?.pace === "slow" || queued >= MANY ? LEAST : MOST;
  return Math.max(0, most - (lane?.items.lengthFrom(source) ?? 0));
}

/** Whether one more item of an organisation may be queued to go first. */
export function hasRoomInFront(lane: Lane<Queued> | undefined): boolean {
  return (lane?.items.lengthInFront ?? 0) < MOST;
}

/** Whether one more suspect may be queued to go first. @param inFront how many of all organisations are */
export function hasRoomForSuspectInFront(inFront: number): boolean {
  return inFront < MOST_SUSPECTS_IN_FRONT;
}

/** Whether half of an organisation's queue from one source is free. */
export function isHalfFree({ pace, items }: Lane<Queued>, source: number, queued: number): boolean {
  const most = pace === "slow" || isCrowded(queued) ? LEAST : MOST;
  return items.lengthFrom(source) <= most / 2;
}

/** Whether an organisation has hardly any items left; while few are queued in all, whether it has any number of them. */
export function isShort({ pace, items }: Lane<Queued>, queued: number): boolean {
  return pace === "slow" || !isCrowded(queued) || items.length <= (items.sources * LEAST) / 8;
}

/** Before the room itself shrinks, so that what is read next serves many organisations. */
function isCrowded(queued: number): boolean {
  return queued >= MANY / 2;
}
