import { describe, expect, it } from "vitest";
import { CallWindow } from "../../lib/sweep/call-window.ts";
import { type Lane, newLane, type Queued } from "../../lib/sweep/lane.ts";
import type { Pace } from "../../lib/sweep/paces.ts";
import {
  hasRoomForSuspectInFront,
  hasRoomInFront,
  isHalfFree,
  isShort,
  roomFor,
} from "../../lib/sweep/queue-room.ts";

/** How many queued items of all organisations are many, and when the queue is crowded. */
const MANY = 100_000;
const CROWDED = 50_000;

/** An organisation with this many queued items from each source. */
function laneWith(pace: Pace | undefined, ...lengths: number[]): Lane<Queued> {
  const window = new CallWindow({ quickMs: 1_000, first: 8, concurrency: 64, mostIfSlow: 256 });
  const lane = newLane<Queued>({ orgId: "o1", window, pace, lastTurn: 0, spacingMs: 1 });
  for (const [source, length] of lengths.entries()) {
    for (let item = 0; item < length; item++) lane.items.add({ orgId: "o1", source });
  }
  return lane;
}

describe("an organisation's queue", () => {
  it("has room for what memory can hold, and for 64 tasks from each source however many are queued", () => {
    expect([0, MANY - 1, MANY].map((queued) => roomFor(undefined, 0, queued))).toEqual([3_000, 3_000, 64]);
    const lane = laneWith("quick", 10, 100);
    expect([0, MANY - 1, MANY].map((queued) => roomFor(lane, 0, queued))).toEqual([2_990, 2_990, 54]);
    expect([0, MANY - 1, MANY].map((queued) => roomFor(lane, 1, queued))).toEqual([2_900, 2_900, 0]);
  });

  it("has as much room before its first answer as after it, so that tasks need not be read twice", () => {
    const paces = [undefined, "quick", "slow"] as const;
    expect(paces.map((pace) => roomFor(laneWith(pace, 10), 0, 10))).toEqual([2_990, 2_990, 54]);
  });

  it("has room in front, whatever is queued behind", () => {
    expect(hasRoomInFront(undefined)).toBe(true);
    const lane = laneWith("quick", 3_000);
    for (let item = 0; item < 2_999; item++) lane.items.add({ orgId: "o1" }, { goesFirst: true });
    expect(hasRoomInFront(lane)).toBe(true);
    lane.items.add({ orgId: "o1" }, { goesFirst: true });
    expect(hasRoomInFront(lane)).toBe(false);
  });

  it("has room in front for as many suspects as can soon be asked about", () => {
    expect([0, 99, 100].map(hasRoomForSuspectInFront)).toEqual([true, true, false]);
  });

  it("is half free when half of its room is, which is little if it is slow or the queue is crowded", () => {
    /** Whether it is half free with each of two numbers of items. */
    const withItems = (pace: Pace | undefined, queued: number, lengths: [number, number]) =>
      lengths.map((length) => isHalfFree(laneWith(pace, length, 3_000), 0, queued));
    for (const pace of [undefined, "quick"] as const) {
      expect(withItems(pace, CROWDED - 1, [1_500, 1_501])).toEqual([true, false]);
      expect(withItems(pace, CROWDED, [32, 33])).toEqual([true, false]);
    }
    expect(withItems("slow", 0, [32, 33])).toEqual([true, false]);
  });

  it("is short once it has hardly any left while the queue is crowded, so that one pass serves many", () => {
    const lengths = [8, 9];
    expect(lengths.map((length) => isShort(laneWith("quick", length), CROWDED))).toEqual([true, false]);
    expect(lengths.map((length) => isShort(laneWith("quick", length, 8), CROWDED))).toEqual([true, false]);
    expect(isShort(laneWith("quick", 3_000), CROWDED - 1)).toBe(true);
    expect(isShort(laneWith("slow", 64), CROWDED)).toBe(true);
  });
});
