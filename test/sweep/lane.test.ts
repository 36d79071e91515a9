import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallWindow } from "../../lib/sweep/call-window.ts";
import {
  allowedAt,
  isInDoubt,
  type Lane,
  mayCall,
  newLane,
  nextChoice,
  type Queued,
} from "../../lib/sweep/lane.ts";
import { LaneQueue } from "../../lib/sweep/lane-queue.ts";

/** A lane of which only these properties are asked. */
function lane(known: Partial<Lane<Queued>>): Lane<Queued> {
  return known as Lane<Queued>;
}

it("a new lane has no items and no calls, and owes nothing", () => {
  const window = { size: 1 } as CallWindow;
  const known = { orgId: "o1", window, pace: "quick", lastTurn: 5, spacingMs: 10 } as const;
  const { items, ...rest } = newLane(known);
  expect(items.length).toBe(0);
  expect(rest).toEqual({
    ...known,
    isStopped: false,
    isListed: false,
    inFlight: 0,
    inPlaces: 0,
    suspectsInFlight: 0,
    wasSuspect: false,
    unanswered: 0,
    wasFurthestBehind: false,
    furthestBehindInFlight: 0,
    used: 0,
    typicalMs: 50,
    nextAt: 0,
  });
});

describe("what is furthest behind", () => {
  it("gets every call while all are answered", () => {
    expect(nextChoice(lane({ unanswered: 0, wasFurthestBehind: true, furthestBehindInFlight: 64 }))).toBe(
      "first",
    );
  });

  it("gets at most every second call and half of the window once a call went unanswered, and no less", () => {
    // Whether a call ends, or another one begins.
    const steps = fc.array(
      fc.nat(3).map((n) => n === 0),
      { maxLength: 60, size: "max" },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (size, steps) => {
        const window = { size } as CallWindow;
        const calls = lane({ unanswered: 1, wasFurthestBehind: false, furthestBehindInFlight: 0, window });
        let most = 0;
        for (const ends of steps) {
          if (ends) {
            calls.furthestBehindInFlight = Math.max(0, calls.furthestBehindInFlight - 1);
            continue;
          }
          const choice = nextChoice(calls);
          expect(["anyFurthest", "others"]).toContain(choice);
          if (choice === "others")
            expect(calls.wasFurthestBehind || calls.furthestBehindInFlight >= size / 2).toBe(true);
          else expect(calls.wasFurthestBehind).toBe(false);
          calls.wasFurthestBehind = choice === "anyFurthest";
          if (calls.wasFurthestBehind) calls.furthestBehindInFlight++;
          most = Math.max(most, calls.furthestBehindInFlight);
        }
        expect(most).toBeLessThanOrEqual(Math.ceil(size / 2));
      }),
    );
  });
});

describe("an organisation", () => {
  const window = () => new CallWindow({ quickMs: 1_000, first: 8, concurrency: 64, mostIfSlow: 256 });
  const call = { startedAt: 0, inFlight: 0, now: 2_000 };

  it("is in doubt from its first call without an answer until its first answer", () => {
    const slow = lane({ pace: "slow", unanswered: 0, window: window() });
    expect(isInDoubt(slow)).toBe(false);
    slow.unanswered++;
    expect(isInDoubt(slow)).toBe(true);
    slow.window.answered(call);
    expect(isInDoubt(slow)).toBe(false);
  });

  it("is not in doubt while it is known to be quick", () => {
    expect(isInDoubt(lane({ pace: "quick", unanswered: 1, window: window() }))).toBe(false);
  });

  it("may be called while it is not stopped and something is next", () => {
    const items = new LaneQueue<Queued>();
    expect(mayCall(lane({ isStopped: false, items }))).toBe(false);
    items.add({ orgId: "o1" });
    expect(mayCall(lane({ isStopped: false, items }))).toBe(true);
    expect(mayCall(lane({ isStopped: true, items }))).toBe(false);
  });

  it("may be called a tenth of a second before its rate has the next call", () => {
    expect(allowedAt(lane({ nextAt: 5_000 }))).toBe(4_900);
  });
});
