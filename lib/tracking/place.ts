import { hash } from "node:crypto";
import type { TaskKey } from "../enos/task.ts";
import type { Reach } from "./schedule.ts";

/**
 * An order is 16 hex digits: one of the phase, eleven of the time of tracking (Unix milliseconds), four more of
 * the phase. So the index itself keeps long-running tasks by when they are due, and behind them, in each of the
 * sixteen parts, those that are still young.
 */
const ORDER = /^[0-9a-f]{16}$/;
/** Parts of the phases, by an order's first digit. */
export const PARTS = 16;
const TIME_DIGITS = 11;
const LATEST = 16 ** TIME_DIGITS - 1;
const PHASE_DIGITS = 5;
/** How many phases an order tells apart. */
export const PHASES = 16 ** PHASE_DIGITS;

/** A part's phases reach this much further (a share of a part) than they are, so that no rounding loses a task. */
const MARGIN = 0.01;

/** Orders between two bounds, both included. */
export interface OrderRange {
  from: string;
  through: string;
}

/** Every order that there can be, and texts that are none. */
export const ALL_ORDERS: OrderRange = { from: "0", through: "~" };

/** The table's key of a task: its organisation's records stand together, `#` is in no id. */
export function keyOf({ orgId, channelId, taskId }: TaskKey): { pk: string; sk: string } {
  return { pk: orgId, sk: `${channelId}#${taskId}` };
}

/**
 * Where in the sparse index of open tasks a task stands.
 *
 * @param trackedAt Unix milliseconds
 */
export function placeOf(
  task: TaskKey,
  trackedAt: number,
  shardCount: number,
): { openShard: number; openOrder: string } {
  const { pk, sk } = keyOf(task);
  // Shard and phase come from different digits, so that the phase is uniform in every shard.
  const digest = hash("sha256", `${pk}#${sk}`, "hex");
  return {
    openShard: Number.parseInt(digest.slice(8, 16), 16) % shardCount,
    openOrder: orderOf(trackedAt, Number.parseInt(digest.slice(0, PHASE_DIGITS), 16) / PHASES),
  };
}

/**
 * The order of a task.
 *
 * @param trackedAt Unix milliseconds
 * @param phase in [0, 1)
 */
export function orderOf(trackedAt: number, phase: number): string {
  const time = Math.min(LATEST, Math.max(0, Math.floor(trackedAt)));
  const digits = hex(Math.floor(phase * PHASES), PHASE_DIGITS);
  return digits.slice(0, 1) + hex(time, TIME_DIGITS) + digits.slice(1);
}

/** What an order says of its task. */
export interface Place {
  /** The order itself. */
  order: string;
  /** Unix milliseconds. */
  trackedAt: number;
  /** The task's shift of the schedule, in [0, 1). */
  phase: number;
}

/** Reads an order; undefined for a text that is none. */
export function readOrder(order: string): Place | undefined {
  if (!ORDER.test(order)) return undefined;
  const time = order.slice(1, 1 + TIME_DIGITS);
  const phase = order.slice(0, 1) + order.slice(1 + TIME_DIGITS);
  return { order, trackedAt: Number.parseInt(time, 16), phase: Number.parseInt(phase, 16) / PHASES };
}

/** The orders within which every task stands that a window can reach, in their order. */
export function rangesWithin({ trackedAfter, phases }: Reach): OrderRange[] {
  const first = Math.floor(phases.from * PARTS - MARGIN);
  const last = Math.floor((phases.from + phases.width) * PARTS + MARGIN);
  const ranges: OrderRange[] = [];
  for (let part = 0; part < PARTS; part++) {
    const isReached = (part - first + PARTS) % PARTS <= last - first;
    const through = orderOf(LATEST, (part + 1) / PARTS - 1 / PHASES);
    const before = ranges.at(-1);
    if (isReached && before) before.through = through;
    else ranges.push({ from: orderOf(isReached ? 0 : trackedAfter, part / PARTS), through });
  }
  return ranges;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
