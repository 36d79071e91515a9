import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallWindow } from "../../lib/sweep/call-window.ts";

const OPTIONS = { quickMs: 1_000, first: 8, concurrency: 64, mostIfSlow: 256 };

/** A call that has just been answered, or not. */
const callOf = (tookMs: number, { startedAt = 0, inFlight = 0 } = {}) => ({
  startedAt,
  inFlight,
  now: startedAt + tookMs,
});

function windowAfter(...tookMs: number[]): CallWindow {
  const window = new CallWindow(OPTIONS);
  for (const [index, one] of tookMs.entries()) window.answered(callOf(one, { startedAt: index * 20_000 }));
  return window;
}

it("allows one call until the first answer", () => {
  const window = new CallWindow(OPTIONS);
  expect([window.size, window.hasAnswered]).toEqual([1, false]);
  window.unanswered(callOf(10_000));
  expect([window.size, window.hasAnswered]).toEqual([1, false]);
});

it("grows by one with each quick answer, up to all slots", () => {
  expect(windowAfter(1_000).size).toBe(8);
  expect(windowAfter(10, 1_000, 1_000).size).toBe(10);
  expect(windowAfter(...Array(100).fill(10)).size).toBe(64);
});

it("is wide at once if the first answer was slow, and grows as long as others are no slower", () => {
  expect(windowAfter(1_001).size).toBe(64);
  expect(windowAfter(5_000, 6_000).size).toBe(65);
  expect(windowAfter(...Array(300).fill(5_000)).size).toBe(256);
  expect(windowAfter(5_000, 6_001).size).toBe(64);
});

it("is halved when answers take longer, or too long, once for the calls of one moment", () => {
  const window = windowAfter(...Array(57).fill(10));
  expect(window.size).toBe(64);
  const startedAt = 2_000_000;
  window.overran(callOf(1_001, { startedAt, inFlight: 60 }));
  expect(window.size).toBe(30);
  window.answered(callOf(1_500, { startedAt, inFlight: 20 }));
  expect(window.size).toBe(30);
  window.unanswered(callOf(1_000, { startedAt: startedAt + 1_001, inFlight: 5 }));
  expect(window.size).toBe(2);
  const late = windowAfter(...Array(57).fill(10));
  late.answered(callOf(1_001, { startedAt, inFlight: 40 }));
  expect(late.size).toBe(20);
  // What was slow from the first call on is not too slow.
  const slow = windowAfter(5_000);
  slow.overran(callOf(6_000, { startedAt, inFlight: 100 }));
  expect(slow.size).toBe(64);
});

describe("beside calls that wait", () => {
  /** A quick organisation's window, once calls that began at 1,000 s have waited for longer than is quick. */
  function besideLate({ inTimeSince = 0, quick = 10 } = {}): CallWindow {
    const window = windowAfter(...Array(57).fill(quick));
    if (inTimeSince > 0) window.answered(callOf(quick, { startedAt: inTimeSince }));
    for (let call = 0; call < 4; call++)
      window.overran(callOf(1_001, { startedAt: 2_000_000, inFlight: 40 }));
    return window;
  }
  const most = (window: CallWindow, waiting: number) => {
    let inFlight = 0;
    while (window.allows(inFlight, Math.min(inFlight, waiting))) inFlight++;
    return inFlight;
  };

  it("a few more are allowed while those that began later are answered in time", () => {
    const window = besideLate({ inTimeSince: 2_000_000 });
    expect(window.size).toBe(20);
    expect([0, 10, 15, 40, 63, 64].map((waiting) => most(window, waiting))).toEqual([20, 20, 23, 48, 71, 64]);
  });

  it("one is tried while none that began later is answered in time", () => {
    const window = besideLate();
    expect([0, 19, 20, 30].map((waiting) => most(window, waiting))).toEqual([20, 20, 21, 31]);
    window.answered(callOf(10, { startedAt: 2_000_000 }));
    expect(most(window, 30)).toBe(38);
  });

  it("none is if calls fail at once, or the organisation is slow, or was not answered", () => {
    const failing = besideLate({ inTimeSince: 2_000_000 });
    failing.unanswered(callOf(1_000, { startedAt: 1_999_000, inFlight: 4 }));
    expect(most(failing, 30)).toBe(31);
    failing.answered(callOf(10, { startedAt: 2_000_000 }));
    failing.unanswered(callOf(1_001, { startedAt: 1_999_000, inFlight: 4 }));
    expect(most(failing, 30)).toBe(38);
    const slow = windowAfter(5_000);
    expect(most(slow, 30)).toBe(64);
    slow.unanswered(callOf(10_000, { startedAt: 1_000_000 }));
    expect(most(slow, 30)).toBe(2);
    // The first answer says nothing about others yet.
    expect(most(windowAfter(10), 30)).toBe(31);
    expect(most(new CallWindow(OPTIONS), 30)).toBe(1);
  });
});

it("never allows less than one call, and no less than the first window while calls are answered", () => {
  const ended = fc.record({ tookMs: fc.nat(12_000), isAnswered: fc.boolean(), inFlight: fc.nat(300) });
  fc.assert(
    fc.property(fc.array(ended), (calls) => {
      const window = new CallWindow(OPTIONS);
      let startedAt = 0;
      for (const { tookMs, isAnswered, inFlight } of calls) {
        const call = callOf(tookMs, { startedAt, inFlight });
        const before = window.size;
        if (isAnswered) window.answered(call);
        else window.unanswered(call);
        startedAt = call.now;
        expect(window.size).toBeGreaterThanOrEqual(isAnswered ? Math.min(before, OPTIONS.first) : 1);
        expect(window.size).toBeLessThanOrEqual(OPTIONS.mostIfSlow);
      }
    }),
  );
});
