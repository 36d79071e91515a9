import { beforeEach, expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import { Breakers } from "../../lib/sweep/breakers.ts";
import type { Check } from "../../lib/sweep/check.ts";
import type { Checker } from "../../lib/sweep/checker.ts";
import { Probes } from "../../lib/sweep/probes.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 24);
const SILENT = "https://silent";

const record = (scope: HealthRecord["scope"], id: string, nextProbeAt: number): HealthRecord => ({
  scope,
  id,
  reason: "unreachable",
  since: NOW - 60 * MINUTE,
  nextProbeAt,
  probes: 4,
  fingerprint: undefined,
});

/** What was asked, in this order: second opinions with since when they waited, and probes. */
let asked: { orgId: string; since?: number }[];

beforeEach(() => {
  asked = [];
});

/** Probes with these records; organisations are on a gateway of their own unless they are named here. */
function probesWith(records: HealthRecord[], silent: string[] = []): Probes {
  const breakers = new Breakers({ records, now: () => NOW });
  for (const orgId of silent) breakers.learn(orgId, SILENT);
  const checker = {
    queue: { probe: ({ orgId }: Check) => asked.push({ orgId }) },
    secondOpinions: {
      ask: (_: string, checkOf: () => Check, since: number) => asked.push({ orgId: checkOf().orgId, since }),
    },
  };
  return new Probes({ checker: checker as unknown as Checker, breakers, now: NOW });
}

const consider = (probes: Probes, ...orgIds: string[]) => {
  for (const orgId of orgIds) {
    const task = { orgId, indexKey: orgId } as OpenTask;
    probes.consider({ task, checked: { through: 0, scheduledSince: 0 } });
  }
};

const start = (probes: Probes, behind: string[] = []) =>
  probes.start(
    ({ task }) => ({ orgId: task.orgId }) as Check,
    (orgId) => behind.includes(orgId),
  );

it("ask about stuck organisations whose probe is due, and about no others", () => {
  const probes = probesWith([record("org", "due", NOW - 1), record("org", "later", NOW + MINUTE)]);
  expect(["due", "later", "well"].map((orgId) => probes.mayUse(orgId))).toEqual([true, false, false]);
  consider(probes, "due", "due", "later", "well");
  start(probes);
  expect(asked).toEqual([{ orgId: "due" }]);
});

it("ask about one organisation of a gateway whose probe is due", () => {
  const own = ["a", "b"].map((orgId) => record("org", orgId, NOW + MINUTE));
  const probes = probesWith([record("origin", SILENT, NOW), ...own], ["a", "b"]);
  expect(probes.mayUse("a")).toBe(true);
  consider(probes, "a", "b");
  start(probes);
  expect(asked).toHaveLength(1);
});

it("ask each organisation of a stuck gateway that has not failed itself, and those whose own probe is due", () => {
  const silent = ["fresh", "behind", "overdue", "due", "later"];
  const records = [
    record("origin", SILENT, NOW + MINUTE),
    record("org", "overdue", NOW - 5 * MINUTE),
    record("org", "due", NOW),
    record("org", "later", NOW + MINUTE),
  ];
  const probes = probesWith(records, silent);
  expect(silent.filter((orgId) => probes.mayUse(orgId))).toEqual(["fresh", "behind", "overdue", "due"]);
  consider(probes, ...silent.toReversed());
  start(probes, ["behind", "overdue", "due", "later"]);
  // First those that are the likeliest to be answered, and last those that failed, the longest overdue first.
  expect(asked).toEqual([
    { orgId: "fresh", since: 0 },
    { orgId: "behind", since: 1 },
    { orgId: "overdue", since: NOW - 5 * MINUTE },
    { orgId: "due", since: NOW },
  ]);
});
