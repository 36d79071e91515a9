import { beforeEach, describe, expect, it } from "vitest";
import type { HealthRecord, StuckReason } from "../../lib/store/health-store.ts";
import { Breakers } from "../../lib/sweep/breakers.ts";
import type { CallResult } from "../../lib/sweep/call-result.ts";

const MINUTE = 60_000;

const ANSWERED: CallResult = { kind: "answered", check: { kind: "unusable" } };
const NOT_FOUND: CallResult = { kind: "answered", check: { kind: "not-found" } };
const LIMITED: CallResult = { kind: "limited", failure: "throttled" };
const CUT_OFF: CallResult = { kind: "cut-off" };
const HUNG: CallResult = { kind: "unanswered", failure: "timeout", isConnected: true };
const NO_CONNECTION: CallResult = { kind: "unanswered", failure: "unreachable", isConnected: false };
const refused = (reason: StuckReason): CallResult => ({
  kind: "refused",
  failure: reason as "credentials",
  reason,
});

let now: number;
let breakers: Breakers;

const start = (records: HealthRecord[] = []) => new Breakers({ records, now: () => now });

const record = (fields: Partial<HealthRecord>): HealthRecord => ({
  scope: "org",
  id: "o1",
  reason: "unreachable",
  since: 5,
  nextProbeAt: 6,
  probes: 3,
  fingerprint: undefined,
  ...fields,
});

/** Registers an organisation on a gateway of its own, or on the given one. */
const join = (orgId: string, gateway = `https://${orgId}`) =>
  breakers.learn(orgId, gateway, `keys of ${orgId}`);

beforeEach(() => {
  now = 1_000_000;
  breakers = start();
  join("o1");
});

describe("an organisation", () => {
  it.each<[string, CallResult, StuckReason]>([
    ["unanswered", HUNG, "unreachable"],
    ["refused", refused("credentials"), "credentials"],
    ["refused for our address", refused("address-refused"), "address-refused"],
  ])("is stuck once calls about two of its tasks are %s, but not because of one", (_, result, reason) => {
    expect(breakers.noteResult("o1", "t1", result)).toEqual([]);
    expect(breakers.noteResult("o1", "t1", result)).toEqual([]);
    expect(breakers.stuck("o1")).toBeUndefined();
    const stuck = {
      scope: "org",
      id: "o1",
      reason,
      since: now,
      nextProbeAt: expect.any(Number),
      probes: 0,
      fingerprint: "keys of o1",
    };
    expect(breakers.noteResult("o1", "t2", result, { isWitness: true })).toEqual([
      { kind: "stuck", record: stuck },
    ]);
    expect(breakers.stuck("o1")).toEqual(stuck);
    expect(breakers.records).toEqual([stuck]);
    // The change is reported only once.
    expect(breakers.noteResult("o1", "t3", result)).toEqual([]);
  });

  it.each(["unknown-organisation", "secret"] as const)(
    "is stuck at once if there are no credentials for a call: %s",
    (reason) => {
      expect(breakers.noteResult("o1", "t1", refused(reason))).toMatchObject([
        { kind: "stuck", record: { reason } },
      ]);
    },
  );

  it("is not stuck because of one task that is never answered, however often it is asked about", () => {
    for (let sweep = 0; sweep < 20; sweep++) {
      expect(breakers.noteResult("o1", "unanswerable", HUNG)).toEqual([]);
      expect(breakers.noteResult("o1", "t1", ANSWERED)).toEqual([]);
    }
    expect(breakers.stuck("o1")).toBeUndefined();
  });

  it("is not stuck because of any number of due tasks before one was drawn from all of its tasks", () => {
    for (let task = 0; task < 5; task++) {
      expect(breakers.noteResult("o1", `due${task}`, HUNG)).toEqual([]);
      expect(breakers.needsWitness("o1", false)).toBe(task > 0);
    }
    expect([...breakers.unansweredTasks("o1")]).toEqual(["due0", "due1", "due2", "due3", "due4"]);
    expect(breakers.noteResult("o1", "drawn", HUNG, { isWitness: true })).toMatchObject([{ kind: "stuck" }]);
    expect(breakers.needsWitness("o1", false)).toBe(false);
  });

  it("with a single task is stuck once it is known that it has no other", () => {
    expect(breakers.needsWitness("o1", true)).toBe(false);
    expect(breakers.foundNoWitness("o1", "unreachable", { isCertain: true, wasAnswered: false })).toEqual([]);
    breakers.noteResult("o1", "t1", HUNG);
    expect(breakers.needsWitness("o1", true)).toBe(true);
    expect(
      breakers.foundNoWitness("o1", "unreachable", { isCertain: true, wasAnswered: false }),
    ).toMatchObject([{ kind: "stuck", record: { id: "o1", reason: "unreachable" } }]);
    expect(breakers.needsWitness("o1", true)).toBe(false);
  });

  it("is stuck if no other task was found among many, unless it has been answered", () => {
    const unanswered = () => {
      breakers.noteResult("o1", "t1", HUNG);
      breakers.noteResult("o1", "t2", HUNG);
      return breakers.foundNoWitness("o1", "unreachable", { isCertain: false, wasAnswered: false });
    };
    breakers.noteResult("o1", "t0", ANSWERED);
    expect(unanswered()).toEqual([]);
    breakers = new Breakers({ records: [], now: () => now });
    join("o1");
    expect(unanswered()).toMatchObject([{ kind: "stuck", record: { id: "o1" } }]);
  });

  it("that was answered recently is not stuck for a single task, if no other was found among many", () => {
    const notFound = { isCertain: false, wasAnswered: true };
    breakers.noteResult("o1", "t1", HUNG);
    expect(breakers.foundNoWitness("o1", "unreachable", notFound)).toEqual([]);
    breakers.noteResult("o1", "t2", HUNG);
    expect(breakers.foundNoWitness("o1", "unreachable", notFound)).toMatchObject([{ kind: "stuck" }]);
  });

  it("that was answered recently is not stuck for suspects, however many, if no other task was found", () => {
    const notFound = { isCertain: false, wasAnswered: true };
    for (let task = 0; task < 5; task++) {
      breakers.noteResult("o1", `s${task}`, HUNG, { isSuspect: true });
      expect(breakers.foundNoWitness("o1", "unreachable", notFound)).toEqual([]);
    }
    breakers.noteResult("o1", "t1", HUNG);
    expect(breakers.foundNoWitness("o1", "unreachable", notFound)).toEqual([]);
    breakers.noteResult("o1", "t2", HUNG);
    expect(breakers.foundNoWitness("o1", "unreachable", notFound)).toMatchObject([{ kind: "stuck" }]);
  });

  it("is not stuck for a suspect and a witness that is none: another process may know the witness as one", () => {
    breakers.noteResult("o1", "s1", HUNG, { isSuspect: true });
    expect(breakers.noteResult("o1", "t1", HUNG, { isWitness: true })).toEqual([]);
    expect(breakers.noteResult("o1", "t2", HUNG, { isWitness: true })).toMatchObject([{ kind: "stuck" }]);
  });

  it("with suspects is stuck once two witnesses went unanswered: one of them may be never answered as well", () => {
    const about = { isWitness: true, hasSuspects: true };
    const witnesses = (...tasks: string[]) =>
      tasks.map((task) => breakers.noteResult("o1", task, HUNG, about).length);
    breakers.noteResult("o1", "t1", HUNG);
    breakers.noteResult("o1", "t2", HUNG);
    expect(witnesses("w1")).toEqual([0]);
    breakers.noteResult("o1", "t3", ANSWERED);
    for (const task of ["t4", "t5"]) breakers.noteResult("o1", task, HUNG);
    expect(witnesses("w1", "w2")).toEqual([0, 1]);
  });

  it("needs no witness once anything was answered", () => {
    breakers.noteResult("o1", "t1", HUNG);
    breakers.noteResult("o1", "t2", ANSWERED);
    expect(breakers.needsWitness("o1", true)).toBe(false);
    expect(breakers.foundNoWitness("o1", "unreachable", { isCertain: true, wasAnswered: false })).toEqual([]);
  });

  it("that is limited outside of sweeps is not stuck, but stays so", () => {
    const record: HealthRecord = {
      ...{ scope: "org", id: "o2", reason: "unreachable", since: now, probes: 0, fingerprint: undefined },
      nextProbeAt: now,
    };
    breakers = new Breakers({ records: [record], now: () => now, doLimitsCount: false });
    expect(breakers.noteResult("o1", "t1", LIMITED)).toEqual([]);
    expect(breakers.stuck("o1")).toBeUndefined();
    expect(breakers.noteResult("o2", "t1", LIMITED)).toMatchObject([{ record: { reason: "throttled" } }]);
  });

  it("that is limited before any answer is stuck, and after an answer is not", () => {
    expect(breakers.noteResult("o1", "t1", LIMITED)).toMatchObject([
      { kind: "stuck", record: { scope: "org", id: "o1", reason: "throttled" } },
    ]);
    join("o2");
    breakers.noteResult("o2", "t1", ANSWERED);
    expect(breakers.noteResult("o2", "t2", LIMITED)).toEqual([]);
    expect(breakers.stuck("o2")).toBeUndefined();
  });

  it.each<[string, CallResult]>([
    ["a status", ANSWERED],
    ["that there is no such task", NOT_FOUND],
  ])("recovers with any answer: %s", (_, answer) => {
    breakers = start([record({})]);
    expect(breakers.stuck("o1")).toEqual(record({}));
    expect(breakers.noteResult("o1", "t9", answer)).toEqual([{ kind: "recovered", record: record({}) }]);
    expect(breakers.stuck("o1")).toBeUndefined();
    expect(breakers.records).toEqual([]);
    expect(breakers.noteResult("o1", "t9", answer)).toEqual([]);
  });

  it("takes as many unanswered tasks as were answered to be stuck, and starts to count anew with an answer", () => {
    breakers.noteResult("o1", "unanswered", HUNG);
    for (let task = 0; task < 5; task++) breakers.noteResult("o1", `t${task}`, ANSWERED);
    expect([...breakers.unansweredTasks("o1")]).toEqual([]);
    breakers.noteResult("o1", "u0", HUNG, { isWitness: true });
    expect(breakers.needsWitness("o1", true)).toBe(false);
    for (let task = 1; task < 4; task++)
      expect(breakers.noteResult("o1", `u${task}`, HUNG, { isWitness: true })).toEqual([]);
    expect(breakers.noteResult("o1", "u4", HUNG, { isWitness: true })).toMatchObject([{ kind: "stuck" }]);
  });

  it("of which nothing is known is not stuck, and has no gateway", () => {
    expect(breakers.stuck("nobody")).toBeUndefined();
    expect(breakers.ownRecord("nobody")).toBeUndefined();
    expect(breakers.originOf("nobody")).toBeUndefined();
    expect(breakers.originOf("o1")).toBe("https://o1");
    expect([...breakers.unansweredTasks("nobody")]).toEqual([]);
    expect(breakers.organisationsOf("https://nobody")).toEqual([]);
    expect(breakers.noteResult("nobody", "t1", NO_CONNECTION)).toEqual([]);
  });

  it("keeps the fingerprint of its credentials when only its gateway is learnt", () => {
    breakers.learn("o1", "https://moved");
    expect(breakers.noteResult("o1", "t1", LIMITED)).toMatchObject([
      { record: { fingerprint: "keys of o1" } },
    ]);
  });

  it("is not judged by calls that we ended ourselves", () => {
    for (let task = 0; task < 10; task++) expect(breakers.noteResult("o1", `t${task}`, CUT_OFF)).toEqual([]);
    expect(breakers.stuck("o1")).toBeUndefined();
    breakers = start([record({})]);
    expect(breakers.noteResult("o1", "t1", CUT_OFF)).toEqual([]);
    expect(breakers.stuck("o1")).toEqual(record({}));
  });

  it("that is stuck for a new reason gets that reason, but is stuck since the same time and probed no sooner", () => {
    breakers = start([record({ nextProbeAt: now + MINUTE })]);
    join("o1");
    const told = record({ nextProbeAt: now + MINUTE, reason: "credentials", fingerprint: "keys of o1" });
    expect(breakers.noteResult("o1", "t1", refused("credentials"))).toEqual([
      { kind: "stuck", record: told },
    ]);
    expect(breakers.stuck("o1")).toEqual(told);
    expect(breakers.noteResult("o1", "t2", refused("credentials"))).toEqual([]);
  });

  it("with a new secret is called as if it were not stuck, and its record stays until it is answered", () => {
    const refusal = record({ reason: "credentials", fingerprint: "old" });
    breakers = start([refusal]);
    breakers.retry("o1");
    expect(breakers.stuck("o1")).toBeUndefined();
    expect(breakers.noteResult("o1", "t1", ANSWERED)).toEqual([{ kind: "recovered", record: refusal }]);

    breakers = start([refusal]);
    breakers.retry("o1");
    breakers.learn("o1", "https://o1", "newer");
    breakers.noteResult("o1", "t1", refused("credentials"));
    expect(breakers.noteResult("o1", "t2", refused("credentials"))).toMatchObject([
      { kind: "stuck", record: { id: "o1", reason: "credentials", fingerprint: "newer" } },
    ]);
  });
});

describe("a gateway", () => {
  it("is stuck once connecting fails, with all of its organisations", () => {
    join("o1", "https://shared");
    join("o2", "https://shared");
    expect(breakers.noteResult("o1", "t1", NO_CONNECTION)).toMatchObject([
      {
        kind: "stuck",
        record: { scope: "origin", id: "https://shared", reason: "unreachable", fingerprint: undefined },
      },
    ]);
    expect(breakers.stuck("o2")).toMatchObject({ scope: "origin", id: "https://shared" });
    expect(breakers.organisationsOf("https://shared").sort()).toEqual(["o1", "o2"]);
  });

  it("that has answered is not stuck because of one failed connection", () => {
    for (const orgId of ["o1", "o2", "o3"]) join(orgId, "https://shared");
    breakers.noteResult("o2", "t1", ANSWERED);
    expect(breakers.noteResult("o1", "t1", NO_CONNECTION)).toEqual([]);
    expect(breakers.stuck("o2")).toBeUndefined();
  });

  it("is stuck once three of its organisations go unanswered and none is answered", () => {
    for (const orgId of ["o1", "o2", "o3", "o4"]) join(orgId, "https://shared");
    expect(breakers.noteResult("o1", "t1", HUNG)).toEqual([]);
    expect(breakers.noteResult("o2", "t1", HUNG)).toEqual([]);
    expect(breakers.noteResult("o3", "t1", HUNG)).toMatchObject([
      { kind: "stuck", record: { scope: "origin", id: "https://shared" } },
    ]);
    expect(breakers.stuck("o4")).toMatchObject({ scope: "origin" });
  });

  it("is not stuck if one of its organisations gets any answer in the same sweep, even a refusal", () => {
    for (const orgId of ["o1", "o2", "o3", "o4", "o5"]) join(orgId, "https://shared");
    expect(breakers.noteResult("o4", "t1", refused("credentials"))).toEqual([]);
    for (const orgId of ["o1", "o2", "o3", "o5"]) {
      expect(breakers.noteResult(orgId, "t1", HUNG)).toEqual([]);
    }
  });

  it("with two organisations is stuck once both go unanswered", () => {
    for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
    breakers.noteResult("o1", "t1", HUNG);
    expect(breakers.noteResult("o2", "t1", HUNG)).toMatchObject([
      { kind: "stuck", record: { scope: "origin" } },
    ]);
  });

  it("is not stuck because suspects of its organisations go unanswered, until those are stuck themselves", () => {
    for (const orgId of ["o1", "o2"]) {
      join(orgId, "https://shared");
      expect(breakers.noteResult(orgId, "s1", HUNG, { isSuspect: true })).toEqual([]);
    }
    const about = { isSuspect: true, isWitness: true };
    expect(breakers.noteResult("o1", "s2", HUNG, about)).toMatchObject([{ record: { scope: "org" } }]);
    expect(breakers.noteResult("o2", "s2", HUNG, about)).toMatchObject([
      { record: { scope: "org" } },
      { record: { scope: "origin" } },
    ]);
  });

  it("which is stuck, makes no organisation stuck for a suspect, but if it cannot be connected to", () => {
    for (const orgId of ["o1", "o2", "o3", "o4"]) join(orgId, "https://shared");
    expect(breakers.noteResult("o1", "t1", NO_CONNECTION)).toHaveLength(1);
    const about = { isSuspect: true };
    expect(breakers.noteResult("o2", "s1", HUNG, about)).toEqual([]);
    expect(breakers.noteResult("o3", "s1", NO_CONNECTION, about)).toMatchObject([{ record: { id: "o3" } }]);
    expect(breakers.noteResult("o4", "t1", HUNG)).toMatchObject([{ record: { id: "o4" } }]);
  });

  it("is stuck if it refuses a connection, whichever task was to be asked about", () => {
    join("o1", "https://shared");
    expect(breakers.noteResult("o1", "s1", NO_CONNECTION, { isSuspect: true })).toMatchObject([
      { record: { scope: "origin" } },
    ]);
  });

  it("is not stuck because of one hung organisation, however many of its tasks are asked about", () => {
    for (const orgId of ["o1", "o2", "o3"]) join(orgId, "https://shared");
    for (let task = 0; task < 50; task++)
      breakers.noteResult("o1", `t${task}`, HUNG, { isWitness: task > 0 });
    expect(breakers.stuck("o1")).toMatchObject({ scope: "org" });
    expect(breakers.stuck("o2")).toBeUndefined();
  });

  it.each<[string, CallResult]>([
    ["an answer", ANSWERED],
    ["a limit", LIMITED],
    ["a refusal", refused("credentials")],
  ])("recovers with any answer: %s", (_, result) => {
    const down = record({ scope: "origin", id: "https://shared" });
    breakers = start([down]);
    for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
    expect(breakers.stuck("o1")).toEqual(down);
    expect(breakers.noteResult("o1", "t1", result)).toContainEqual({ kind: "recovered", record: down });
    expect(breakers.stuck("o2")).toBeUndefined();
  });

  it("that is stuck is asked once for each organisation of which no task has gone unanswered", () => {
    const down = record({ scope: "origin", id: "https://shared" });
    breakers = start([down, record({ id: "o2" })]);
    for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
    expect(breakers.isStuckOnlyByGateway("o1")).toBe(true);
    expect(breakers.isStuckOnlyByGateway("o2")).toBe(false);
    expect(breakers.noteResult("o1", "t1", HUNG)).toMatchObject([
      { kind: "stuck", record: { scope: "org", id: "o1" } },
    ]);
    expect(breakers.isStuckOnlyByGateway("o1")).toBe(false);
    expect(breakers.stuck("o1")).toEqual(down);
  });

  it("that recovers frees organisations that were stuck only because of it, in this sweep and in the next", () => {
    const down = record({ scope: "origin", id: "https://shared" });
    breakers = start([down]);
    for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
    const [stuck] = breakers.noteResult("o1", "t1", HUNG);
    expect(stuck).toMatchObject({ record: { id: "o1", origin: "https://shared" } });
    breakers.noteResult("o2", "t1", ANSWERED);
    expect(breakers.stuck("o1")).toBeUndefined();

    const own = (stuck as { record: HealthRecord }).record;
    breakers = start([down, own]);
    join("o1", "https://shared");
    expect(breakers.stuck("o1")).toEqual(down);
    breakers = start([own]);
    join("o1", "https://shared");
    expect(breakers.stuck("o1")).toBeUndefined();
    expect(breakers.noteResult("o1", "t1", ANSWERED)).toEqual([{ kind: "recovered", record: own }]);
  });

  it("that recovers leaves organisations stuck that are so by themselves", () => {
    breakers = start([record({ scope: "origin", id: "https://shared" }), record({ id: "o2" })]);
    for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
    breakers.noteResult("o1", "t1", ANSWERED);
    expect(breakers.stuck("o2")).toEqual(record({ id: "o2" }));
  });

  it("that gets stuck is not the only reason for organisations that went unanswered before", () => {
    for (const orgId of ["o1", "o2", "o3", "o4"]) join(orgId, "https://shared");
    for (const orgId of ["o1", "o2", "o3"]) breakers.noteResult(orgId, "t1", HUNG);
    expect(["o1", "o4"].map((orgId) => breakers.isStuckOnlyByGateway(orgId))).toEqual([false, true]);
  });

  it("that recovers does not let organisations be called that are stuck for another reason by then", () => {
    breakers = start([
      record({ scope: "origin", id: "https://shared" }),
      record({ origin: "https://shared" }),
    ]);
    join("o1", "https://shared");
    const [, stuck] = breakers.noteResult("o1", "t1", refused("credentials"));
    expect(stuck).toMatchObject({ record: { reason: "credentials", origin: undefined } });
    expect(breakers.stuck("o1")).toMatchObject({ reason: "credentials" });
  });

  it.each(["unknown-organisation", "secret"] as const)(
    "has not answered if there were no credentials to call it with: %s",
    (reason) => {
      const down = record({ scope: "origin", id: "https://shared" });
      breakers = start([down, record({ id: "o2", origin: "https://shared" })]);
      for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
      expect(breakers.noteResult("o1", "t1", refused(reason))).toMatchObject([
        { kind: "stuck", record: { scope: "org", id: "o1", reason, origin: undefined } },
      ]);
      expect(breakers.stuck("o2")).toEqual(down);
    },
  );

  it("that is stuck leaves an organisation its own record, by which it may be probed", () => {
    const own = record({ id: "o2" });
    breakers = start([record({ scope: "origin", id: "https://shared" }), own, record({ id: "o3" })]);
    for (const orgId of ["o1", "o2"]) join(orgId, "https://shared");
    expect(breakers.ownRecord("o1")).toBeUndefined();
    expect(breakers.ownRecord("o2")).toEqual(own);
    expect(breakers.ownRecord("o3")).toBeUndefined();
  });

  it("has another version when something is stuck, recovers, is retried or moves, and not otherwise", () => {
    const versions = [breakers.version];
    const note = () => versions.push(breakers.version);
    join("o1", "https://a");
    note();
    breakers.noteResult("o1", "t1", ANSWERED);
    join("o1", "https://a");
    note();
    breakers.noteResult("o1", "t1", refused("unknown-organisation"));
    note();
    breakers.retry("o1");
    note();
    breakers.noteResult("o1", "t1", LIMITED);
    breakers.noteResult("o1", "t1", refused("unknown-organisation"));
    note();
    breakers.noteResult("o1", "t1", ANSWERED);
    note();
    expect(versions.map((version) => versions.indexOf(version))).toEqual([0, 1, 1, 3, 4, 5, 6]);
  });

  it("is named as the reason before the organisation's own trouble", () => {
    const down = record({ scope: "origin", id: "https://shared" });
    breakers = start([record({ reason: "credentials" }), down]);
    expect(breakers.stuck("o1")).toMatchObject({ scope: "org" });
    join("o1", "https://shared");
    expect(breakers.stuck("o1")).toEqual(down);
    join("o1", "https://another");
    expect(breakers.stuck("o1")).toMatchObject({ scope: "org" });
    expect(breakers.organisationsOf("https://shared")).toEqual([]);
  });
});

describe("a probe", () => {
  it("that is claimed moves the next one, but only for the record that it was claimed for", () => {
    const seen = record({ nextProbeAt: now });
    breakers = start([seen, record({ scope: "origin", id: "https://o1" })]);
    breakers.claimed(seen, now + 2 * MINUTE);
    expect(breakers.records).toContainEqual({ ...seen, probes: 4, nextProbeAt: now + 2 * MINUTE });
    const down = record({ scope: "origin", id: "https://o1" });
    expect(breakers.records).toContainEqual(down);
    breakers.claimed({ ...down }, now);
    expect(breakers.records).toContainEqual(down);
    const held = breakers.records.find(({ scope }) => scope === "origin") as HealthRecord;
    breakers.claimed(held, now);
    expect(breakers.records).toContainEqual({ ...down, probes: 4, nextProbeAt: now });
  });
});
