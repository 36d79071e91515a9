import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TimeBudget } from "../../lib/sweep/time-budget.ts";

const SECOND = 1_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** When new work may not begin any more, in milliseconds from now. */
async function closesAfter(time: TimeBudget): Promise<number> {
  for (let after = 0; ; after += 100) {
    if (time.isClosing) return after;
    await vi.advanceTimersByTimeAsync(100);
  }
}

it("keeps a tenth of the time for the end, and at least a second", async () => {
  expect(await closesAfter(new TimeBudget(60 * SECOND))).toBe(54 * SECOND);
  expect(await closesAfter(new TimeBudget(5 * SECOND))).toBe(4 * SECOND);
});

it("begins nothing when there is hardly any time", () => {
  const time = new TimeBudget(SECOND);
  expect(time.isClosing).toBe(true);
  expect(time.signal.aborted).toBe(true);
});

it("keeps more for the end on request, and leaves half of the time for work", async () => {
  const time = new TimeBudget(60 * SECOND);
  time.reserve(4 * SECOND);
  time.reserve(0);
  time.reserve(-SECOND);
  expect(await closesAfter(time)).toBe(50 * SECOND);
  const busy = new TimeBudget(60 * SECOND);
  busy.reserve(40 * SECOND);
  busy.reserve(40 * SECOND);
  expect(await closesAfter(busy)).toBe(30 * SECOND);
});

it("cannot reopen what is closing", async () => {
  const time = new TimeBudget(60 * SECOND);
  await vi.advanceTimersByTimeAsync(54 * SECOND);
  time.reserve(10 * SECOND);
  expect(time.isClosing).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it("waits for work until shards have to be released", async () => {
  const time = new TimeBudget(10 * SECOND);
  expect(await time.outlasts(Promise.resolve())).toBe(true);
  // That of the time itself.
  expect(vi.getTimerCount()).toBe(1);
  const short = time.outlasts(new Promise(() => {}), SECOND);
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(await short).toBe(false);
  let outlasted: boolean | undefined;
  time.outlasts(new Promise(() => {})).then((value) => {
    outlasted = value;
  });
  await vi.advanceTimersByTimeAsync(8_600);
  expect([outlasted, time.isOver]).toEqual([undefined, false]);
  await vi.advanceTimersByTimeAsync(200);
  expect([outlasted, time.isOver]).toEqual([false, true]);
  expect(time.remainingMs).toBe(200);
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(time.remainingMs).toBe(0);
});

it("is over when less is left than releasing shards takes, and says when even that has to end", async () => {
  const timeout = vi.spyOn(AbortSignal, "timeout");
  const time = new TimeBudget(10 * SECOND);
  let hasClosed = false;
  time.closing.then(() => {
    hasClosed = true;
  });
  await vi.advanceTimersByTimeAsync(8_999);
  expect(hasClosed).toBe(false);
  await vi.advanceTimersByTimeAsync(701);
  expect([hasClosed, time.isOver]).toEqual([true, false]);
  time.lastSignal();
  await vi.advanceTimersByTimeAsync(1);
  expect(time.isOver).toBe(true);
  await vi.advanceTimersByTimeAsync(SECOND);
  time.lastSignal();
  expect(timeout.mock.calls).toEqual([[200], [0]]);
  timeout.mockRestore();
});

it("leaves nothing behind when it ends early", () => {
  {
    using time = new TimeBudget(60 * SECOND);
    time.reserve(SECOND);
  }
  expect(vi.getTimerCount()).toBe(0);
});
