import { beforeEach, expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import { Breakers } from "../../lib/sweep/breakers.ts";
import type { Check } from "../../lib/sweep/check.ts";
import type { Checker } from "../../lib/sweep/checker.ts";
import { Probes } from "../../lib/sweep/probes.ts";
import { Suspects } from "../../lib/sweep/suspects.ts";
import type { OpenTask } from "../../lib/tasks/record.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 24);
const SILENT = "https://silent";
/** A minute in which suspects go first. */
const FIRST = (Math.floor(NOW / MINUTE / 31) + 1) * 31 * MINUTE;

const record = (scope: HealthRecord["scope"], id: string, nextProbeAt: number): HealthRecord => ({
  scope,
  id,
  reason: "unreachable",
  since: NOW - 60 * MINUTE,
  nextProbeAt,
  probes: 4,
  fingerprint: undefined,
});

/** Organisations that have been asked for another shard. */
let askedBefore: Set<string>;
let notAsked: string[];
/** What was asked, in this order: second opinions with since when they waited, and probes. */
let asked: { orgId: string; since?: number }[];
let suspects: Suspects;

beforeEach(() => {
  asked = [];
  askedBefore = new Set();
  notAsked = [];
  suspects = new Suspects();
});

/** Probes with these records; organisations are on a gateway of their own unless they are named here. */
function probesWith(records: HealthRecord[], silent: string[] = [], now = NOW): Probes {
  const breakers = new Breakers({ records, now: () => now });
  for (const orgId of silent) breakers.learn(orgId, SILENT);
  const checker = {
    queue: { probe: ({ orgId }: Check) => asked.push({ orgId }) },
    secondOpinions: {
      ask: (orgId: string, checkOf: () => Check, since: number) =>
        !askedBefore.has(orgId) && asked.push({ orgId: checkOf().orgId, since }) > 0,
    },
  };
  return new Probes({
    dependencies: { suspects, schedule: createSchedule({ sweepIntervalSeconds: 60 }) },
    checker: checker as unknown as Checker,
    breakers,
    now,
  });
}

function makeSuspect(orgId: string, indexKey: string): void {
  for (const _ of [1, 2]) suspects.unanswered({ orgId, indexKey }, NOW - MINUTE, true);
}

/** Offers a task of `o1`; returns the one that is not drawn. */
function notDrawn(probes: Probes, indexKey: string, isLate = false): string | undefined {
  const task = { orgId: "o1", indexKey } as OpenTask;
  return probes.consider({ task, checked: { through: 0, scheduledSince: 0 }, isLate })?.task.indexKey;
}

const consider = (probes: Probes, ...orgIds: string[]) => {
  for (const orgId of orgIds) {
    const task = { orgId, indexKey: orgId } as OpenTask;
    probes.consider({ task, checked: { through: 0, scheduledSince: 0 }, isLate: false });
  }
};

const start = (probes: Probes, behind: string[] = []) =>
  probes.start(
    ({ task }) => ({ orgId: task.orgId }) as Check,
    (orgId) => behind.includes(orgId),
    ({ task }) => notAsked.push(task.orgId),
  );

it("ask about stuck organisations whose probe is due, and about no others", () => {
  const probes = probesWith([record("org", "due", NOW - 1), record("org", "later", NOW + MINUTE)]);
  expect(["due", "later", "well"].map((orgId) => probes.mayUse(orgId))).toEqual([true, false, false]);
  consider(probes, "due", "due", "later", "well");
  start(probes);
  expect(asked).toEqual([{ orgId: "due" }]);
});

it("ask about a suspect only if no other task has been asked about for two intervals, be it past its deadline", () => {
  makeSuspect("o1", "suspect");
  expect(notDrawn(probesWith([record("org", "o1", NOW - 2 * MINUTE + 1)]), "suspect")).toBe("suspect");
  // By a clock that was wrong.
  expect(notDrawn(probesWith([record("org", "o1", NOW + 60 * MINUTE)]), "suspect")).toBeUndefined();
  const probes = probesWith([record("org", "o1", NOW - 2 * MINUTE)]);
  suspects.unanswered({ orgId: "o1", indexKey: "asked" }, NOW, false);
  expect(notDrawn(probes, "suspect")).toBeUndefined();
  expect(notDrawn(probes, "asked", true)).toBe("suspect");
  expect(notDrawn(probes, "suspect")).toBe("suspect");
  expect(notDrawn(probes, "late", true)).toBe("asked");
  expect(notDrawn(probes, "good")).toBe("late");
});

it("ask about suspects first now and then, in case that they are what would be answered", () => {
  const probes = probesWith([record("org", "o1", NOW - 1)], [], FIRST);
  makeSuspect("o1", "suspect");
  expect(notDrawn(probes, "good")).toBeUndefined();
  expect(notDrawn(probes, "suspect")).toBe("good");
});

it("do not ask about a suspect whether its organisation is answered although its gateway is stuck", () => {
  makeSuspect("o1", "suspect");
  const gateway = record("origin", SILENT, NOW + MINUTE);
  expect(notDrawn(probesWith([gateway], ["o1"]), "suspect")).toBe("suspect");
  expect(notDrawn(probesWith([gateway], ["o1"]), "good")).toBeUndefined();
  expect(
    notDrawn(probesWith([record("origin", SILENT, FIRST + 1)], ["o1"], FIRST), "suspect"),
  ).toBeUndefined();
  // If it is stuck itself, this is its own probe; and a gateway's probe may be about any organisation.
  const own = record("org", "o1", NOW - 2 * MINUTE);
  expect(notDrawn(probesWith([gateway, own], ["o1"]), "suspect")).toBeUndefined();
  const due = record("origin", SILENT, NOW - 2 * MINUTE);
  expect(notDrawn(probesWith([due], ["o1"]), "suspect")).toBeUndefined();
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

it("are about a task past its deadline only if there is no other, and not again about what was asked", () => {
  const probes = probesWith([
    record("org", "both", NOW),
    record("org", "late", NOW),
    record("org", "well", NOW + 1),
  ]);
  const offer = (orgId: string, indexKey: string, isLate: boolean) =>
    probes.consider({
      task: { orgId, indexKey } as OpenTask,
      checked: { through: 0, scheduledSince: 0 },
      isLate,
    });
  expect(offer("well", "w", true)).toMatchObject({ task: { indexKey: "w" } });
  expect(offer("both", "b1", true)).toBeUndefined();
  expect(offer("both", "b2", false)).toMatchObject({ task: { indexKey: "b1" } });
  expect(offer("both", "b3", true)).toMatchObject({ task: { indexKey: "b3" } });
  expect(offer("late", "l1", true)).toBeUndefined();
  expect(offer("late", "l2", true)).toMatchObject({ isLate: true });
  start(probes);
  expect(asked).toEqual([{ orgId: "both" }, { orgId: "late" }]);
  expect(offer("late", "l3", true)).toMatchObject({ task: { indexKey: "l3" } });
  start(probes);
  expect(asked).toHaveLength(2);
});

it("name the tasks whose organisation another shard has asked", () => {
  askedBefore.add("silent");
  const probes = probesWith([record("origin", SILENT, NOW + MINUTE)], ["silent", "other"]);
  consider(probes, "silent", "other");
  start(probes);
  expect([asked, notAsked]).toEqual([[{ orgId: "other", since: 0 }], ["silent"]]);
});

it("are overdue only if no task has become due for them in a while", () => {
  const schedule = (maxIntervalSeconds: number) =>
    createSchedule({ sweepIntervalSeconds: 60, maxIntervalSeconds });
  const records = [record("org", "old", NOW - 5 * MINUTE), record("org", "new", NOW - 4 * MINUTE)];
  const probes = probesWith(records);
  const isOverdue = (maxIntervalSeconds: number) =>
    ["old", "new", "well"].map((orgId) => probes.isOverdue(orgId, schedule(maxIntervalSeconds)));
  expect(isOverdue(3_600)).toEqual([true, false, false]);
  expect(isOverdue(290)).toEqual([false, false, false]);
});
