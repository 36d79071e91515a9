import { expect, it } from "vitest";
import type { BehindRecord } from "../../lib/store/behind-store.ts";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import { Backlog } from "../../lib/sweep/backlog.ts";
import { behindAfter } from "../../lib/sweep/behind.ts";

const GATEWAY = "https://gateway.example";
const gap = (watermark: number) => ({ ...ALL_KEYS, watermark });

function backlog(
  orgId: string,
  { unread, record }: { unread?: number; record?: Partial<BehindRecord> } = {},
) {
  return new Backlog({
    orgId,
    ...(unread !== undefined && { unread: [gap(unread)] }),
    ...(record && {
      record: { orgId, gaps: [gap(5)], origin: undefined, isSettled: true, ...record } as BehindRecord,
    }),
  });
}

/** Breakers of which some organisations are stuck. */
function breakers(stuck: Record<string, Pick<HealthRecord, "scope" | "reason">> = {}) {
  return {
    stuck: (orgId: string) => stuck[orgId] as HealthRecord | undefined,
    originOf: () => GATEWAY,
  };
}

const UNREACHABLE = { scope: "org", reason: "unreachable" } as const;

it("has nobody if nothing is left, and writes once more that an organisation has caught up", () => {
  const well = backlog("well");
  const caughtUp = backlog("caught-up", { record: {} });
  const { changes, reasons, totals } = behindAfter([well, caughtUp], breakers());
  expect(changes.map(({ orgId, gaps }) => [orgId, gaps])).toEqual([["caught-up", []]]);
  expect(reasons.size).toBe(0);
  expect(totals).toEqual({ organisations: 0, oldest: 0, oldestAnswering: 0 });
});

it("has the reason, and since when for those that answer and for all", () => {
  const busy = backlog("busy", { unread: 7 });
  const never = backlog("never", { unread: 0 });
  const stuck = backlog("stuck", { unread: 3 });
  const { reasons, totals } = behindAfter([busy, stuck], breakers({ stuck: UNREACHABLE }));
  expect([...reasons]).toEqual([
    ["busy", "busy"],
    ["stuck", "unreachable"],
  ]);
  expect(totals).toEqual({ organisations: 2, oldest: 3, oldestAnswering: 7 });
  expect(behindAfter([stuck, busy], breakers({ stuck: UNREACHABLE })).totals).toEqual(totals);
  expect(behindAfter([busy, never], breakers()).totals).toEqual({
    organisations: 2,
    oldest: 1,
    oldestAnswering: 1,
  });
});

it("writes no record that would not change, unless its last change is unsettled", () => {
  const same = { gaps: [gap(5)] };
  const changesOf = (record: Partial<BehindRecord>, stuck = {}) =>
    behindAfter([backlog("o", { unread: 5, record })], breakers(stuck)).changes;
  expect(changesOf(same)).toEqual([]);
  expect(changesOf({ ...same, isSettled: false })).toHaveLength(1);
  expect(changesOf({ gaps: [gap(4)] })).toHaveLength(1);
  expect(changesOf({ ...same, origin: GATEWAY })).toHaveLength(1);
  expect(behindAfter([backlog("new", { unread: 5 })], breakers()).changes).toHaveLength(1);
});

it("asks what is left of an organisation by whether it is stuck", () => {
  const asked: [string, boolean][] = [];
  const backlogs = ["well", "stuck"].map((orgId) => ({
    orgId,
    record: undefined,
    remaining: (isStuck: boolean) => {
      asked.push([orgId, isStuck]);
      return [];
    },
  }));
  behindAfter(backlogs, breakers({ stuck: UNREACHABLE }));
  expect(asked).toEqual([
    ["well", false],
    ["stuck", true],
  ]);
});

it("names the gateway from when it is stuck until the organisation is not", () => {
  const originOf = (record: Partial<BehindRecord>, stuck?: Pick<HealthRecord, "scope" | "reason">) =>
    behindAfter([backlog("o", { unread: 9, record })], breakers(stuck && { o: stuck })).changes[0]?.origin;
  expect(originOf({}, { ...UNREACHABLE, scope: "origin" })).toBe(GATEWAY);
  expect(originOf({}, UNREACHABLE)).toBeUndefined();
  expect(originOf({ origin: GATEWAY }, UNREACHABLE)).toBe(GATEWAY);
  expect(originOf({ origin: GATEWAY })).toBeUndefined();
});
