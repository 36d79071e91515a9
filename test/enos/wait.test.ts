import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EnosError, type EnosErrorKind } from "../../lib/enos/errors.ts";
import { parseStatus } from "../../lib/enos/status.ts";
import { waitForEnd } from "../../lib/enos/wait.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";

const TASK = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const status = (progressCode: number) => parseStatus(TASK, { progressCode });
const [RUNNING, SUCCEEDED] = [1, 3];

/** What EnOS does in a wait: a code or an error, after so many milliseconds. */
type Answer = { after: number; say: number | EnosErrorKind };

/** Waits over virtual time, and notes when checks began. */
async function wait(
  answers: (check: number, at: number) => Answer,
  times = { waitMs: 10_000, limitMs: 14_000 },
) {
  const start = performance.now();
  const begun: number[] = [];
  const check = (signal: AbortSignal) =>
    new Promise<DownloadStatus>((resolve, reject) => {
      const at = performance.now() - start;
      const { after, say } = answers(begun.length, at);
      begun.push(at);
      signal.addEventListener("abort", () => reject(new EnosError("timeout", "the call was ended")));
      setTimeout(
        () => (typeof say === "number" ? resolve(status(say)) : reject(new EnosError(say, `it is ${say}`))),
        after,
      );
    });
  const outcome = waitForEnd(check, times).then(
    ({ state }) => state,
    (error: EnosError) => error.kind,
  );
  let took = 0;
  const timed = outcome.finally(() => {
    took = performance.now() - start;
  });
  await vi.runAllTimersAsync();
  return { outcome: await timed, took, begun };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a wait", () => {
  it("is over at once if the task has ended", async () => {
    expect(await wait(() => ({ after: 30, say: SUCCEEDED }))).toEqual({
      outcome: "succeeded",
      took: 30,
      begun: [0],
    });
  });

  it("checks every two seconds, and answers as soon as the task has ended", async () => {
    const { outcome, took, begun } = await wait((_, at) => ({
      after: 10,
      say: at >= 5_000 ? SUCCEEDED : RUNNING,
    }));
    expect({ outcome, took, begun }).toEqual({
      outcome: "succeeded",
      took: 6_010,
      begun: [0, 2_000, 4_000, 6_000],
    });
  });

  it("returns the state at the end of its time", async () => {
    const { outcome, took, begun } = await wait(() => ({ after: 10, say: RUNNING }), {
      waitMs: 5_000,
      limitMs: 9_000,
    });
    expect({ outcome, took, begun }).toEqual({
      outcome: "running",
      took: 5_010,
      begun: [0, 2_000, 4_000, 5_000],
    });
  });

  it("does not check again at the end of its time, and leaves no timer", async () => {
    const start = performance.now();
    const begun: number[] = [];
    const check = async () => {
      begun.push(performance.now() - start);
      return status(RUNNING);
    };
    const waited = waitForEnd(check, { waitMs: 5_000, limitMs: 9_000 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await waited).toEqual(status(RUNNING));
    expect(begun).toEqual([0, 2_000, 4_000, 5_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is ended by an error that is not about an answer, whatever it looks like", async () => {
    const error = Object.assign(new Error("a bug"), { kind: "timeout" });
    const waited = waitForEnd(() => Promise.reject(error), { waitMs: 5_000, limitMs: 9_000 });
    await expect(waited).rejects.toBe(error);
  });

  it.each(["throttled", "credentials", "rejected"] as const)(
    "is ended by an answer of the kind %s",
    async (kind) => {
      const { outcome, begun } = await wait((check) => ({ after: 10, say: check === 1 ? kind : RUNNING }));
      expect({ outcome, begun }).toEqual({ outcome: kind, begun: [0, 2_000] });
    },
  );

  it.each(["timeout", "unreachable", "upstream", "malformed"] as const)(
    "outlives one of the kind %s",
    async (kind) => {
      const { outcome, took } = await wait((check) => ({ after: 10, say: check === 2 ? SUCCEEDED : kind }));
      expect({ outcome, took }).toEqual({ outcome: "succeeded", took: 4_010 });
    },
  );

  it("returns the latest state if its last check has a transient failure", async () => {
    const { outcome } = await wait((check) => ({ after: 10, say: check < 5 ? RUNNING : "upstream" }));
    expect(outcome).toBe("running");
  });

  it("reports why it has no state", async () => {
    const { outcome, took } = await wait(() => ({ after: 10, say: "unreachable" }));
    expect({ outcome, took }).toEqual({ outcome: "unreachable", took: 10_010 });
  });

  it("aborts its last check, and returns the latest state", async () => {
    const { outcome, took } = await wait((check) => ({ after: check === 0 ? 10 : 60_000, say: RUNNING }));
    expect({ outcome, took }).toEqual({ outcome: "running", took: 14_000 });
  });

  it("is a timeout if there was no answer at all", async () => {
    const { outcome, took } = await wait(() => ({ after: 60_000, say: RUNNING }));
    expect({ outcome, took }).toEqual({ outcome: "timeout", took: 14_000 });
  });

  it("never exceeds its limit, and never ends early for a running task", async () => {
    const answer = fc.record({
      after: fc.nat(12_000),
      say: fc.constantFrom<Answer["say"]>(RUNNING, "timeout", "unreachable", "upstream", "malformed"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 12 }),
        fc.nat(25_000),
        async (answers, waitMs) => {
          const limitMs = waitMs + 4_000;
          const { took } = await wait((check) => answers[check % answers.length] as Answer, {
            waitMs,
            limitMs,
          });
          expect(took).toBeLessThanOrEqual(limitMs);
          expect(took).toBeGreaterThanOrEqual(waitMs);
        },
      ),
    );
  });
});
