import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Lanes, type Verdict } from "../../lib/sweep/fair-queue.ts";

interface Call {
  orgId: string;
  task: number;
  end: (verdict: Verdict) => void;
}

/** Lanes whose calls end when the test says so. */
function lanesUnderTest(options: { concurrency?: number; requestsPerSecond?: number } = {}) {
  const calls: Call[] = [];
  const skipped: number[] = [];
  const dead: string[] = [];
  const lanes = new Lanes<{ orgId: string; task: number }>({
    concurrency: options.concurrency ?? 16,
    requestsPerSecond: options.requestsPerSecond ?? 1_000_000,
    work: ({ orgId, task }) => new Promise((end) => calls.push({ orgId, task, end })),
    onSkipped: ({ task }) => skipped.push(task),
    onDead: (orgId) => dead.push(orgId),
  });
  const fill = (orgId: string, count: number) => {
    for (let task = 0; task < count; task++) lanes.add({ orgId, task });
  };
  const end = async (verdict: Verdict, which = calls.length) => {
    for (const call of calls.splice(0, which)) call.end(verdict);
    await sleep(0);
  };
  const underWay = (orgId: string) => calls.filter((call) => call.orgId === orgId).length;
  return { lanes, calls, skipped, dead, fill, end, underWay };
}

describe("lanes", () => {
  it("keep to the concurrency, and get through everything", async () => {
    const { lanes, calls, fill, end } = lanesUnderTest({ concurrency: 10 });
    fill("a", 100);
    let most = 0;
    let done = 0;
    while (calls.length > 0) {
      most = Math.max(most, calls.length);
      done += calls.length;
      await end("answered");
    }
    expect(most).toBe(10);
    expect(done).toBe(100);
    await lanes.idle();
  });

  it("give a silent gateway a few calls only, and the rest to those that answer", async () => {
    const { fill, end, calls, underWay } = lanesUnderTest({ concurrency: 16 });
    fill("silent", 1000);
    expect(underWay("silent")).toBe(8);
    fill("awake", 1000);
    for (let round = 0; round < 20; round++) {
      const awake = calls.filter(({ orgId }) => orgId === "awake");
      expect(awake.length).toBeGreaterThan(0);
      for (const call of awake) {
        calls.splice(calls.indexOf(call), 1);
        call.end("answered");
      }
      await sleep(0);
    }
    expect(underWay("silent")).toBe(8);
    await end("answered", 0);
  });

  it("take turns", async () => {
    const { fill, calls } = lanesUnderTest({ concurrency: 3 });
    for (const orgId of ["a", "b", "c"]) fill(orgId, 10);
    const started: string[] = [];
    for (let step = 0; step < 30; step++) {
      const call = calls.shift() as Call;
      started.push(call.orgId);
      call.end("answered");
      await sleep(0);
    }
    // a was alone at first and has three calls' advance.
    for (const orgId of ["a", "b", "c"]) {
      const middle = started.slice(6, 18).filter((each) => each === orgId).length;
      expect(middle).toBeGreaterThanOrEqual(3);
    }
  });

  it("leave a gateway alone that does not answer five times running, and give back what waited", async () => {
    const { lanes, fill, end, skipped, dead } = lanesUnderTest();
    fill("dead", 20);
    await end("no-answer", 4);
    expect(lanes.isStopped("dead")).toBe(false);
    await end("no-answer");
    expect(lanes.isStopped("dead")).toBe(true);
    expect(dead).toEqual(["dead"]);
    await end("no-answer");
    expect(dead).toEqual(["dead"]);
    expect(skipped.length).toBeGreaterThan(0);
    lanes.add({ orgId: "dead", task: 99 });
    expect(skipped).toContain(99);
    await lanes.idle();
  });

  it("forgive a gateway that answers in between", async () => {
    const { lanes, fill, end } = lanesUnderTest();
    fill("shaky", 60);
    for (let round = 0; round < 6; round++) {
      await end("no-answer", 4);
      await end("answered", 1);
    }
    expect(lanes.isStopped("shaky")).toBe(false);
  });

  it("stop one organisation and no other", async () => {
    const { lanes, fill, end, calls, skipped } = lanesUnderTest({ concurrency: 4 });
    fill("a", 10);
    await end("stop", 1);
    expect(lanes.isStopped("a")).toBe(true);
    expect(skipped).toHaveLength(6);
    fill("b", 10);
    expect(calls.some(({ orgId }) => orgId === "b")).toBe(true);
    expect(lanes.isDark).toBe(false);
  });

  it("see the dark only when nobody at all has answered", async () => {
    const { lanes, fill, end } = lanesUnderTest({ concurrency: 64 });
    fill("a", 8);
    await end("no-answer");
    expect(lanes.isDark).toBe(true);
    fill("b", 8);
    expect(lanes.isDark).toBe(false);
    await end("answered", 1);
    await end("no-answer");
    expect(lanes.isDark).toBe(false);
  });

  it("keep to an organisation's rate, and let others pass", async () => {
    const started: { orgId: string; at: number }[] = [];
    const lanes = new Lanes<{ orgId: string }>({
      concurrency: 100,
      requestsPerSecond: 200,
      work: async ({ orgId }) => {
        started.push({ orgId, at: performance.now() });
        return "answered";
      },
      onSkipped: () => {},
      onDead: () => {},
    });
    const from = performance.now();
    for (let task = 0; task < 120; task++) lanes.add({ orgId: "a" });
    lanes.add({ orgId: "b" });
    await lanes.idle();
    // Never more than the rate and its burst, however late a timer fires; b did not have to wait for it.
    const ofA = started.filter(({ orgId }) => orgId === "a").map(({ at }) => at - from);
    for (const [index, at] of ofA.entries()) expect(index + 1).toBeLessThanOrEqual((at / 1000) * 200 + 22);
    expect(started.findIndex(({ orgId }) => orgId === "b")).toBeLessThan(40);
    expect(started).toHaveLength(121);
  });

  it("give back everything that waits when they are cleared", async () => {
    const { lanes, fill, end, skipped } = lanesUnderTest({ concurrency: 4 });
    fill("a", 10);
    fill("b", 10);
    lanes.clear();
    expect(skipped).toHaveLength(16);
    await end("answered");
    await lanes.idle();
  });
});
