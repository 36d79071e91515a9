import * as fc from "fast-check";
import { expect, it } from "vitest";
import { CallWindow } from "../../lib/sweep/call-window.ts";

const OPTIONS = { quickMs: 1_000, first: 8, concurrency: 64, mostIfSlow: 256 };

/** A call that has just been answered, or not. */
const after = (tookMs: number, { startedAt = 0, inFlight = 0 } = {}) => ({
  startedAt,
  inFlight,
  now: startedAt + tookMs,
});

function windowAfter(...tookMs: number[]): CallWindow {
  const window = new CallWindow(OPTIONS);
  for (const [index, one] of tookMs.entries()) window.answered(after(one, { startedAt: index * 20_000 }));
  return window;
}

it("allows one call until the first answer", () => {
  const window = new CallWindow(OPTIONS);
  expect([window.size, window.hasAnswered]).toEqual([1, false]);
  window.unanswered(after(10_000));
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
  // So many are excused.
  for (let call = 0; call < 11; call++) window.overran(after(1_001, { startedAt, inFlight: 60 }));
  expect(window.size).toBe(64);
  window.overran(after(1_001, { startedAt, inFlight: 60 }));
  expect(window.size).toBe(30);
  window.answered(after(1_500, { startedAt, inFlight: 20 }));
  expect(window.size).toBe(30);
  window.unanswered(after(1_000, { startedAt: startedAt + 1_001, inFlight: 5 }));
  expect(window.size).toBe(2);
  const late = windowAfter(...Array(57).fill(10));
  late.answered(after(1_001, { startedAt, inFlight: 40 }));
  expect(late.size).toBe(20);
  // What was slow from the first call on is not too slow.
  const slow = windowAfter(5_000);
  slow.overran(after(6_000, { startedAt, inFlight: 100 }));
  expect(slow.size).toBe(64);
});

it("is not reduced for one call in so many that is late or not answered", () => {
  const window = windowAfter(...Array(60).fill(10));
  let startedAt = 2_000_000;
  const ended = () => after(1_001, { startedAt: ++startedAt, inFlight: 60 });
  for (let round = 0; round < 100; round++) {
    for (let call = 0; call < 10; call++) window.answered(after(10, { startedAt: ++startedAt }));
    window.overran(ended());
    window.unanswered(ended());
    expect(window.size).toBe(64);
  }
  // What was answered long ago does not count for ever.
  for (let call = 0; call < 1_000; call++) window.answered(after(10, { startedAt: ++startedAt }));
  for (let call = 0; call < 20; call++) window.overran(ended());
  expect(window.size).toBe(64);
  window.overran(ended());
  expect(window.size).toBe(30);
  // Nor do late answers.
  for (let call = 0; call < 5; call++) window.answered(ended());
  window.unanswered(after(10_000, { startedAt: 3_000_000, inFlight: 4 }));
  expect(window.size).toBe(2);
});

it("never allows less than one call, and no less than the first window while calls are answered", () => {
  const ended = fc.record({ tookMs: fc.nat(12_000), isAnswered: fc.boolean(), inFlight: fc.nat(300) });
  fc.assert(
    fc.property(fc.array(ended), (calls) => {
      const window = new CallWindow(OPTIONS);
      let startedAt = 0;
      for (const { tookMs, isAnswered, inFlight } of calls) {
        const call = after(tookMs, { startedAt, inFlight });
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
