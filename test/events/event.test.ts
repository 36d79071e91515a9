import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStatus } from "../../lib/enos/status.ts";
import { eventId, serialise, taskHash, terminalEvent } from "../../lib/events/event.ts";
import { TerminalEvent } from "../../lib/events/schema.ts";
import { TERMINAL_STATES } from "../../lib/tasks/state.ts";
import { codePoint } from "../support/code-point.ts";
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

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

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

  it("has an id that every version computes alike", () => {
    const digest = (...facts: string[]) => hash("sha256", facts.join("\n"), "hex");
    expect(eventId(task, "failed")).toBe(digest("o", "c", "t", "failed"));
    expect(eventId(task, "abandoned")).toBe(digest("o", "c", "t", "abandoned", "1"));
    expect(taskHash(task)).toBe(digest("o", "c", "t"));
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
    const nothing = { correlationId: null, labels: {}, traceparent: null };
    const attributesWith = (carried: object) => {
      const { correlationid, traceparent, data } = terminalEvent(task, outcome, at(10), {
        ...nothing,
        ...carried,
      });
      return { correlationid, traceparent, labels: data.labels };
    };
    const none = { correlationid: undefined, traceparent: undefined, labels: {} };
    expect(attributesWith({ correlationId: "c" })).toEqual({ ...none, correlationid: "c" });
    expect(attributesWith({ traceparent: TRACEPARENT })).toEqual({ ...none, traceparent: TRACEPARENT });
    expect(attributesWith({ labels: { a: "b" } })).toEqual({ ...none, labels: { a: "b" } });
    const event = terminalEvent(task, outcome, at(10), nothing);
    expect(event).not.toHaveProperty("correlationid");
    expect(event).not.toHaveProperty("traceparent");
  });

  it("is of its schema, whatever became of whichever task", () => {
    const carried = fc.record({
      correlationId: fc.constantFrom(null, "order-4711"),
      labels: fc.constantFrom({}, { site: "Årjäng" }),
      traceparent: fc.constantFrom(null, TRACEPARENT),
    });
    const fields = fc.record({ downloadUrl: fc.constantFrom(null, "u"), dataSize: fc.option(fc.nat()) });
    fc.assert(
      fc.property(
        key,
        state,
        fc.option(fields),
        fc.option(fc.nat()),
        carried,
        (key, state, given, since, carried) => {
          const status = given && parseStatus(key, { progressCode: 3, progressDesc: "d", ...given });
          const outcome = { state, status, reason: state === "abandoned" ? ("deadline" as const) : null };
          const event = terminalEvent({ ...task, ...key }, outcome, at(10, since), carried);
          expect(TerminalEvent.parse(event)).toEqual(event);
          expect(event.data.notEndedBefore).toBe(since === null ? null : new Date(since).toISOString());
        },
      ),
    );
  });

  it("is of its schema with the longest ids, and with nothing else in its attributes", () => {
    const longest = { ...task, orgId: "o".repeat(128), channelId: "c".repeat(128) };
    const outcome = { state: "failed", status: null, reason: null } as const;
    const event = terminalEvent(longest, outcome, at(10));
    expect(TerminalEvent.parse(event)).toEqual(event);
    for (const odd of [
      { specversion: "" },
      { id: event.id.slice(1) },
      { id: `${event.id}0` },
      { id: event.id.replace(/^./, "g") },
      { source: `x${terminalEvent(task, outcome, at(10)).source}` },
      { source: `${terminalEvent(task, outcome, at(10)).source}/x` },
      { source: "/enos/data-federation/some.org/channel" },
      { source: "/enos/data-federation/some-org/a.channel" },
      { source: `${event.source}c` },
      { type: "enos.download.running" },
      { datacontenttype: "" },
      { dataschema: "" },
      { data: {} },
    ]) {
      expect(TerminalEvent.safeParse({ ...event, ...odd }).success, JSON.stringify(odd)).toBe(false);
    }
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
        fc.string({ unit: codePoint }),
        fc.string({ unit: codePoint }),
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
