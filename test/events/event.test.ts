import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStatus } from "../../lib/enos/status.ts";
import { eventId, serialise, terminalEvent } from "../../lib/events/event.ts";
import { TERMINAL_STATES } from "../../lib/tasks/state.ts";
import { refuseOddEvent } from "../support/odd-event.ts";

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
const key = fc.record({ orgId: id, channelId: id, taskId: id, trackedAt: fc.nat(3) });
const state = fc.constantFrom(...TERMINAL_STATES);

const task = {
  orgId: "o",
  channelId: "c",
  taskId: "t",
  state: "running",
  trackedAt: 1,
  notFound: null,
  deadlineAt: undefined,
  uncertainSince: undefined,
  indexKey: "0",
  offset: 0,
} as const;

const at = (observedAt: number, notEndedBefore: number | null = null) => ({ observedAt, notEndedBefore });

describe("a terminal event", () => {
  it("has one id for one fact, and another for another", () => {
    fc.assert(
      fc.property(key, state, key, state, (a, stateOfA, b, stateOfB) => {
        // A task can be given up once each time that it is tracked; what EnOS says of it is one fact.
        const fact = ({ trackedAt, ...key }: typeof a, state: string) =>
          JSON.stringify([key, state, state === "abandoned" && trackedAt]);
        expect(eventId(a, stateOfA) === eventId(b, stateOfB)).toBe(fact(a, stateOfA) === fact(b, stateOfB));
        expect(eventId(a, stateOfA)).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
    // Parts that run together into the same text are still different parts.
    expect(eventId({ orgId: "a", channelId: "bc", taskId: "d", trackedAt: 1 }, "failed")).not.toBe(
      eventId({ orgId: "ab", channelId: "c", taskId: "d", trackedAt: 1 }, "failed"),
    );
  });

  it("of an abandoned task has one id for each period of tracking, for all observers", () => {
    for (const state of TERMINAL_STATES) {
      const again = { ...task, trackedAt: task.trackedAt + 1 };
      expect(eventId(task, state) === eventId(again, state), state).toBe(state !== "abandoned");
    }
    const given = (reason: "deadline" | "unreachable", now: number) =>
      terminalEvent(task, { state: "abandoned", status: null, reason }, at(now)).id;
    expect(given("deadline", 10)).toBe(given("unreachable", 99));
  });

  it("has the same id whenever and with whatever detail it is observed", () => {
    const outcome = (extra: object) =>
      ({
        state: "succeeded",
        status: parseStatus(task, { progressCode: 3, ...extra }),
        reason: null,
      }) as const;
    expect(terminalEvent(task, outcome({ dataSize: 5 }), at(10)).id).toBe(
      terminalEvent(task, outcome({ downloadUrl: "http://x" }), at(99, 5)).id,
    );
  });

  it("contains what the task's caller has added, and no attribute for anything else", () => {
    const outcome = { state: "failed", status: null, reason: null } as const;
    const carried = { correlationId: "c", labels: { a: "b" }, traceparent: null };
    const event = terminalEvent(task, outcome, at(10), carried);
    expect(event).toMatchObject({ correlationid: "c", data: { labels: { a: "b" } } });
    expect(event).not.toHaveProperty("traceparent");
    expect(Object.keys(terminalEvent(task, outcome, at(10)))).not.toContain("correlationid");
  });

  it("is validated with its schema and CloudEvents' SDK wherever a test receives it", () => {
    const event = terminalEvent(task, { state: "failed", status: null, reason: null }, at(10));
    const attributes = { type: event.type, state: "failed", orgId: "o", channelId: "c" };
    expect(() => refuseOddEvent({ body: event, attributes })).not.toThrow();
    for (const odd of [
      { body: { ...event, source: "" }, attributes },
      { body: { ...event, "not-lower": "x" }, attributes },
      { body: { ...event, data: { ...event.data, labels: undefined } }, attributes },
      { body: { ...event, correlationid: "c" }, attributes },
      { body: event, attributes: { ...attributes, orgId: "o2" } },
    ]) {
      expect(() => refuseOddEvent(odd)).toThrow();
    }
  });

  it("is serialised in ASCII without loss", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        (progressDesc, downloadUrl) => {
          const status = parseStatus(task, { progressCode: 3, progressDesc, downloadUrl });
          const event = terminalEvent(task, { state: "succeeded", status, reason: null }, at(10));
          const text = serialise(event);
          expect(text).toMatch(/^[\x20-\x7e]*$/);
          expect(JSON.parse(text)).toEqual(event);
        },
      ),
    );
  });
});
