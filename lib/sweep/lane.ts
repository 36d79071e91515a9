import type { CallWindow } from "./call-window.ts";
import { type Choice, LaneQueue, type Ordered } from "./lane-queue.ts";
import type { Pace } from "./paces.ts";

/** What the fair queue needs to know of an item. */
export interface Queued extends Ordered {
  orgId: string;
}

/** One organisation in the fair queue. */
export interface Lane<Item extends Queued> {
  readonly orgId: string;
  readonly items: LaneQueue<Item>;
  readonly window: CallWindow;
  /** Decides where calls start: in slots if quick, in waiting places if slow. Undefined while it is unknown. */
  pace: Pace | undefined;
  /** When it last had a turn in a waiting place, in this sweep or an earlier one. */
  lastTurn: number;
  isStopped: boolean;
  /** Its calls in flight, and those of them that are in waiting places; without those about suspects. */
  inFlight: number;
  inPlaces: number;
  /** Its calls about suspects that are in flight, and whether its last call was one. */
  suspectsInFlight: number;
  wasSuspect: boolean;
  /** Its calls that went unanswered in this sweep, without those about suspects. */
  unanswered: number;
  /** Whether its last call's item was taken as one of those furthest behind, and how many such calls are in flight. */
  wasFurthestBehind: boolean;
  furthestBehindInFlight: number;
  /** Slot time used, in milliseconds. Calls in flight are charged the average of recent ones. */
  used: number;
  typicalMs: number;
  /** The time from one call to the next at its rate, in milliseconds. */
  spacingMs: number;
  /** When the next call is due at the lane's rate (GCRA's theoretical arrival time). */
  nextAt: number;
  /** Whether it stands in the list from which its next call is chosen, unless it is slow. */
  isListed: boolean;
}

/** What a call is thought to take before there was one, in milliseconds. */
const TYPICAL_MS = 50;

/** A lane without any items or calls. */
export function newLane<Item extends Queued>(
  known: Pick<Lane<Item>, "orgId" | "window" | "pace" | "lastTurn" | "spacingMs">,
): Lane<Item> {
  return {
    ...known,
    items: new LaneQueue(),
    isStopped: false,
    inFlight: 0,
    inPlaces: 0,
    suspectsInFlight: 0,
    wasSuspect: false,
    unanswered: 0,
    wasFurthestBehind: false,
    furthestBehindInFlight: 0,
    used: 0,
    typicalMs: TYPICAL_MS,
    nextAt: 0,
    isListed: false,
  };
}

/** How far calls may run ahead of an organisation's rate, in milliseconds: timers are no more precise than this. */
const BURST_MS = 100;

/** Whether a lane has something to call for now. */
export function mayCall({ isStopped, items }: Lane<Queued>): boolean {
  return !isStopped && items.hasNext;
}

/** Whether it is in doubt that an organisation answers: in this sweep, calls to it went unanswered and none was answered. */
export function isInDoubt({ pace, window, unanswered }: Lane<Queued>): boolean {
  return pace === "slow" && unanswered > 0 && !window.hasAnswered;
}

/**
 * Which of its items a lane's next call is for. Tasks that are never answered end up furthest behind, and are not known
 * as suspects at first. So once a call went unanswered, what is furthest behind gets at most every second call and about
 * half of the window, in random order, so that none of it waits behind such a task.
 */
export function nextChoice(lane: Lane<Queued>): Choice {
  const { unanswered, wasFurthestBehind, furthestBehindInFlight, window } = lane;
  if (unanswered === 0) return "first";
  return wasFurthestBehind || 2 * furthestBehindInFlight >= window.size ? "others" : "anyFurthest";
}

/** When a lane's rate allows its next call, in milliseconds. */
export function allowedAt({ nextAt }: Lane<Queued>): number {
  return nextAt - BURST_MS;
}
