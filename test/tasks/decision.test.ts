import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStatus } from "../../lib/enos/status.ts";
import { type CheckResult, type Circumstances, decide, isPastDeadline } from "../../lib/tasks/decision.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { isTerminal, STATES } from "../../lib/tasks/state.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const DEADLINE = 7 * DAY;
const key = { orgId: "o1", channelId: "ch-1", taskId: "t1" };

const openState = fc.constantFrom(...STATES.filter((state) => !isTerminal(state)));

const task: fc.Arbitrary<OpenTask> = fc
  .record({
    state: openState,
    trackedAt: fc.nat(10 * DEADLINE),
    notFound: fc.option(fc.record({ since: fc.nat(10 * DEADLINE), checks: fc.integer({ min: 1, max: 3 }) })),
    deadlineAt: fc.option(fc.nat(20 * DEADLINE), { nil: undefined }),
    uncertainSince: fc.option(fc.nat(10 * DEADLINE), { nil: undefined }),
  })
  .map((fields) => ({ ...key, ...fields, indexKey: "0", offset: 0 }));

/** Nothing is known of it but that it runs. */
const quiet: OpenTask = {
  ...key,
  state: "running",
  trackedAt: 0,
  notFound: null,
  deadlineAt: undefined,
  uncertainSince: undefined,
  indexKey: "0",
  offset: 0,
};

const status = fc.integer({ min: -2, max: 12 }).map((progressCode) => parseStatus(key, { progressCode }));

const check: fc.Arbitrary<CheckResult> = fc.oneof(
  status.map((status) => ({ kind: "status", status }) as const),
  fc.constant({ kind: "not-found" } as const),
  fc.constant({ kind: "unusable" } as const),
  fc.constant({ kind: "unanswered" } as const),
);

/** Everything was checked up to now, unless the test says otherwise. */
const at = (now: number, checkedThrough = now, wasInIndex = true): Circumstances => ({
  now,
  deadlineMs: DEADLINE,
  checkedThrough,
  wasInIndex,
});

describe("the decision", () => {
  it("finishes with EnOS's terminal state, however late", () => {
    fc.assert(
      fc.property(task, status, fc.nat(20 * DEADLINE), (task, status, now) => {
        const decision = decide(task, { kind: "status", status }, at(now));
        const finished = decision.kind === "finish" && decision.outcome.state === status.state;
        expect(finished).toBe(isTerminal(status.state));
      }),
    );
  });

  it("abandons tasks at the service's deadline or their own, and never before", () => {
    fc.assert(
      fc.property(
        task,
        check,
        fc.nat(20 * DEADLINE),
        fc.nat(20 * DEADLINE),
        (task, check, now, checkedThrough) => {
          const decision = decide(task, check, at(now, checkedThrough));
          const late =
            now - task.trackedAt >= DEADLINE || now >= (task.deadlineAt ?? Number.POSITIVE_INFINITY);
          expect(isPastDeadline(task, now, DEADLINE)).toBe(late);
          if (late) expect(decision.kind).toBe("finish");
          if (decision.kind !== "finish" || decision.outcome.state !== "abandoned") return;
          expect(decision.outcome.reason).not.toBeNull();
          if (decision.outcome.reason !== "not-found") expect(late).toBe(true);
        },
      ),
    );
  });

  it("reports a task as unreachable only if it could not be checked for a day, or at all", () => {
    fc.assert(
      fc.property(
        task,
        check,
        fc.nat(20 * DEADLINE),
        fc.nat(20 * DEADLINE),
        (task, check, now, checkedThrough) => {
          const decision = decide(task, check, at(now, checkedThrough));
          if (decision.kind !== "finish" || decision.outcome.state !== "abandoned") return;
          const isOutOfReach = checkedThrough <= now - DAY || checkedThrough <= task.trackedAt;
          const hasNoAnswer = check.kind === "unusable" || check.kind === "unanswered";
          expect(decision.outcome.reason === "unreachable").toBe(hasNoAnswer && isOutOfReach);
        },
      ),
    );
    const reason = (checkedThrough: number, kind: "unusable" | "not-found" = "unusable") => {
      const task = { ...quiet, trackedAt: 0 };
      const decision = decide(task, { kind }, at(DEADLINE, checkedThrough));
      return decision.kind === "finish" && decision.outcome.reason;
    };
    expect(reason(DEADLINE - DAY)).toBe("unreachable");
    expect(reason(DEADLINE - DAY + 1)).toBe("deadline");
    // EnOS was asked, and answered.
    expect(reason(0, "not-found")).toBe("deadline");
    // An hour's task of which nothing could be learnt.
    const brief = { ...quiet, trackedAt: 5, deadlineAt: 60 * MINUTE };
    for (const [checkedThrough, expected] of [
      [5, "unreachable"],
      [MINUTE, "deadline"],
    ] as const) {
      expect(decide(brief, { kind: "unusable" }, at(60 * MINUTE, checkedThrough))).toEqual({
        kind: "finish",
        outcome: { state: "abandoned", status: null, reason: expected },
      });
    }
  });

  it("abandons an unknown task after ten minutes and three checks, not sooner", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 15 * MINUTE }), { minLength: 1, maxLength: 20 }),
        (gaps) => {
          let missing: OpenTask = { ...quiet, state: "pending" };
          let now = 0;
          let first: number | undefined;
          let checks = 0;
          let writes = 0;
          for (const gap of gaps) {
            now += gap;
            first ??= now;
            checks++;
            const decision = decide(missing, { kind: "not-found" }, at(now));
            const due = checks >= 3 && now - first >= 10 * MINUTE;
            expect(decision.kind === "finish").toBe(due);
            if (decision.kind === "finish") {
              expect(decision.outcome).toEqual({ state: "abandoned", status: null, reason: "not-found" });
              break;
            }
            if (decision.kind === "missing") {
              writes++;
              missing = { ...missing, notFound: { since: decision.since, checks: decision.checks } };
            }
          }
          expect(writes).toBeLessThanOrEqual(3);
        },
      ),
    );
    const unknown = (checks: number, now: number) =>
      decide({ ...quiet, notFound: { since: 0, checks } }, { kind: "not-found" }, at(now));
    expect(unknown(2, 10 * MINUTE)).toMatchObject({ kind: "finish" });
    expect(unknown(2, 10 * MINUTE - 1)).toEqual({ kind: "missing", since: 0, checks: 3 });
    expect(unknown(1, 10 * MINUTE)).toEqual({ kind: "missing", since: 0, checks: 2 });
  });

  it("changes the record by what is new, and does nothing without news", () => {
    const open = status.filter(({ state }) => !isTerminal(state));
    const news = fc.constantFrom<Partial<OpenTask>>(
      {},
      { state: "pending" },
      { notFound: { since: 1, checks: 1 } },
      { uncertainSince: 1 },
    );
    fc.assert(
      fc.property(open, news, (status, news) => {
        const known: OpenTask = { ...quiet, state: status.state, ...news };
        const change = { kind: "change", state: status.state, status, uncertainSince: undefined };
        expect(decide(known, { kind: "status", status }, at(5))).toEqual(
          Object.keys(news).length === 0 ? { kind: "none" } : change,
        );
      }),
    );
    expect(decide(quiet, { kind: "unanswered" }, at(5))).toEqual({ kind: "none" });
  });

  it("leaves it uncertain whether a task has ended that was found open before the index showed it", () => {
    const running = parseStatus(key, { progressCode: 1 });
    const found = (task: Partial<OpenTask>) =>
      decide({ ...quiet, trackedAt: 2, ...task }, { kind: "status", status: running }, at(5, 5, false));
    const change = { kind: "change", state: "running", status: running };
    expect(found({ state: "pending" })).toEqual({ ...change, uncertainSince: 2 });
    expect(found({ state: "pending", uncertainSince: 4 })).toEqual({ ...change, uncertainSince: 4 });
    expect(found({ state: "waiting" })).toEqual({ ...change, uncertainSince: undefined });
    expect(found({ state: "waiting", uncertainSince: 4 })).toEqual({ ...change, uncertainSince: 4 });
    expect(found({ uncertainSince: 4 })).toEqual({ kind: "none" });
    expect(found({})).toEqual({ kind: "none" });
  });

  it("records an answer without a status, since it counts as a check", () => {
    expect(decide(quiet, { kind: "unusable" }, at(5))).toEqual({ kind: "uncertain" });
    const unknown = { ...quiet, notFound: { since: 4, checks: 3 } };
    expect(decide(unknown, { kind: "not-found" }, at(5))).toEqual({ kind: "uncertain" });
  });
});
