import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStatus } from "../../lib/enos/status.ts";
import { type CheckResult, decide } from "../../lib/tasks/decision.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { isTerminal, OPEN_STATES } from "../../lib/tasks/state.ts";

const MINUTE = 60_000;
const DEADLINE = 7 * 24 * 60 * MINUTE;
const key = { orgId: "o1", channelId: "ch-1", taskId: "t1" };

const openState = fc.constantFrom(...OPEN_STATES);

const task: fc.Arbitrary<OpenTask> = fc
  .record({
    state: openState,
    trackedAt: fc.nat(10 * DEADLINE),
    notFound: fc.option(fc.record({ since: fc.nat(10 * DEADLINE), checks: fc.integer({ min: 1, max: 3 }) })),
  })
  .map((fields) => ({ ...key, ...fields, indexKey: "0", offset: 0 }));

const status = fc.integer({ min: -2, max: 12 }).map((progressCode) => parseStatus(key, { progressCode }));

const check: fc.Arbitrary<CheckResult> = fc.oneof(
  status.map((status) => ({ kind: "status", status }) as const),
  fc.constant({ kind: "not-found" } as const),
  fc.constant({ kind: "failed" } as const),
);

describe("the decision", () => {
  it("finishes with EnOS's word whenever it is final, however late", () => {
    fc.assert(
      fc.property(task, status, fc.nat(20 * DEADLINE), (task, status, now) => {
        const decision = decide(task, { kind: "status", status }, now, DEADLINE);
        const finished = decision.kind === "finish" && decision.outcome.state === status.state;
        expect(finished).toBe(isTerminal(status.state));
      }),
    );
  });

  it("leaves no task open beyond its deadline, and gives none up for it before", () => {
    fc.assert(
      fc.property(task, check, fc.nat(20 * DEADLINE), (task, check, now) => {
        const decision = decide(task, check, now, DEADLINE);
        const late = now - task.trackedAt >= DEADLINE;
        if (late) expect(decision.kind).toBe("finish");
        if (decision.kind === "finish" && decision.outcome.reason === "deadline") expect(late).toBe(true);
      }),
    );
  });

  it("gives up an unknown task after ten minutes and three checks, not sooner", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 15 * MINUTE }), { minLength: 1, maxLength: 20 }),
        (gaps) => {
          let missing: OpenTask = {
            ...key,
            state: "pending",
            trackedAt: 0,
            notFound: null,
            indexKey: "0",
            offset: 0,
          };
          let now = 0;
          let first: number | undefined;
          let checks = 0;
          let writes = 0;
          for (const gap of gaps) {
            now += gap;
            first ??= now;
            checks++;
            const decision = decide(missing, { kind: "not-found" }, now, DEADLINE);
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
  });

  it("does nothing about a check that brought nothing new", () => {
    fc.assert(
      fc.property(task, status, (task, status) => {
        const decision = decide(task, { kind: "status", status }, task.trackedAt, DEADLINE);
        const news = isTerminal(status.state) || status.state !== task.state || task.notFound !== null;
        expect(decision.kind !== "none").toBe(news);
      }),
    );
    const quiet: OpenTask = {
      ...key,
      state: "running",
      trackedAt: 0,
      notFound: null,
      indexKey: "0",
      offset: 0,
    };
    expect(decide(quiet, { kind: "failed" }, 5, DEADLINE)).toEqual({ kind: "none" });
  });
});
