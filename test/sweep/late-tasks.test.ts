import { beforeEach, expect, it } from "vitest";
import type { HealthRecord } from "../../lib/store/health-store.ts";
import { Breakers } from "../../lib/sweep/breakers.ts";
import { type Check, unasked } from "../../lib/sweep/check.ts";
import type { Checker } from "../../lib/sweep/checker.ts";
import { LateTasks } from "../../lib/sweep/late-tasks.ts";
import { Suspects } from "../../lib/sweep/suspects.ts";
import type { TimeBudget } from "../../lib/sweep/time-budget.ts";

const SILENT: HealthRecord = {
  scope: "origin",
  id: "https://silent",
  reason: "unreachable",
  since: 0,
  nextProbeAt: 0,
  probes: 0,
  fingerprint: undefined,
};

let givenUp: string[];
/** The checks that were queued, and how. */
let queued: { check: Check; goesFirst: boolean | undefined }[];
/** The checks that were queued as second opinions. */
let opinions: Check[];
let breakers: Breakers;
let suspects: Suspects;
let time: { isClosing: boolean };
let late: LateTasks;

beforeEach(() => {
  givenUp = [];
  queued = [];
  opinions = [];
  time = { isClosing: false };
  breakers = new Breakers({ records: [SILENT], now: () => 0 });
  breakers.learn("silent", SILENT.id);
  const checker = {
    giveUp: ({ orgId }: Check) => givenUp.push(orgId),
    queue: {
      hasRoomInFront: ({ orgId }: Check) => orgId !== "crowded",
      add: (check: Check, { goesFirst }: { goesFirst?: boolean }) => queued.push({ check, goesFirst }),
    },
    secondOpinions: { ask: (_: string, checkOf: () => Check) => opinions.push(checkOf()) },
  };
  suspects = new Suspects();
  late = new LateTasks({
    dependencies: { suspects },
    checker: checker as unknown as Checker,
    breakers,
    time: time as TimeBudget,
  });
});

const check = (orgId: string) => ({ orgId, task: { orgId, indexKey: "k" } }) as Check;

it("are asked about before others, and given up if there is no time to ask, or no room", () => {
  late.ask(check("well"));
  expect(queued).toMatchObject([{ check: { orgId: "well" }, goesFirst: true }]);
  expect(givenUp).toEqual([]);
  unasked(queued[0]?.check as Check);
  expect(givenUp).toEqual(["well"]);
  late.ask(check("crowded"));
  expect(queued).toHaveLength(1);
  expect(givenUp).toEqual(["well", "crowded"]);
});

it("are given up if their organisation is stuck, but not at once if only its gateway is", () => {
  late.giveUp(check("stuck"));
  late.giveUp(check("silent"));
  late.giveUp(check("silent"));
  expect(givenUp).toEqual(["stuck"]);
  late.askHeldBack();
  expect(opinions).toHaveLength(1);
  late.releaseHeldBack();
  expect(queued).toEqual([]);
  breakers.noteResult("silent", "t1", { kind: "answered", check: { kind: "unusable" } });
  late.releaseHeldBack();
  expect(queued).toMatchObject([{ check: { orgId: "silent" } }]);
  late.end();
  expect(givenUp).toEqual(["stuck"]);
});

it("are given up at once if they are suspects: these would not be answered", () => {
  for (const at of [1, 2]) suspects.unanswered(check("silent").task, at, true);
  late.giveUp(check("silent"));
  expect(givenUp).toEqual(["silent"]);
});

it("are given up once their organisation has gone unanswered itself, or when time is over", () => {
  for (let task = 0; task < 3; task++) late.giveUp(check("silent"));
  late.askHeldBack();
  breakers.noteResult("silent", "t1", { kind: "unanswered", failure: "timeout", isConnected: true });
  late.releaseHeldBack();
  expect(givenUp).toEqual(["silent", "silent"]);
  unasked(opinions[0] as Check);
  expect(givenUp).toHaveLength(3);
  breakers.learn("other", SILENT.id);
  late.giveUp(check("other"));
  late.end();
  time.isClosing = true;
  late.giveUp(check("other"));
  expect(givenUp.slice(3)).toEqual(["other", "other"]);
});

it("are met as their organisation is at that moment, and as a probe are given up if EnOS is not asked", () => {
  late.meet(check("well"));
  expect(queued).toMatchObject([{ check: { orgId: "well" } }]);
  late.meet(check("silent"));
  expect(givenUp).toEqual([]);
  unasked(late.asProbe(check("silent")));
  expect(givenUp).toEqual(["silent"]);
});
