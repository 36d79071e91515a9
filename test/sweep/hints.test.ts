import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BehindStore } from "../../lib/store/behind-store.ts";
import { OpenTaskStore } from "../../lib/store/open-task-store.ts";
import { ShardStore } from "../../lib/store/shard-store.ts";
import type { HintDependencies } from "../../lib/sweep/dependencies.ts";
import { checkHinted, type HintOutcome } from "../../lib/sweep/hints.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { ENDED, RUNNING, Scene } from "../support/scene.ts";

// What becomes of tasks that somebody names: the engine over a real table, topic and gateway.

const MINUTE = 60_000;
let scene: Scene;
let organisation = 0;
let orgId: string;

beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(async () => {
  orgId = `o${++organisation}`;
  await scene.addOrganisation(orgId);
  scene.heard.length = 0;
  await scene.events();
});

const task = (taskId: string): TaskKey => ({ orgId, channelId: "ch-1", taskId });
const play = (taskId: string, timeline: readonly object[]) =>
  scene.enos.putTask({ ...task(taskId), timeline: [...timeline] as never });

function dependencies(): HintDependencies {
  return {
    ...scene.dependencies,
    shards: new ShardStore(scene.db),
    behind: new BehindStore(scene.db),
    openTasks: new OpenTaskStore({ db: scene.db, retentionDays: 30 }),
    taskStore: scene.tracker(),
  };
}

async function hint(
  tasks: TaskKey[],
  other: Partial<HintDependencies> = {},
  remainingMs = 20_000,
): Promise<HintOutcome[]> {
  const { outcomes } = await checkHinted({ ...dependencies(), ...other }, scene.settings, {
    tasks,
    remainingMs,
  });
  return outcomes;
}

describe("a hint", () => {
  it("announces a tracked task that has ended, at once and only once", async () => {
    await scene.track(orgId, 1, RUNNING);
    await scene.sweep();
    play("t0", ENDED.succeeded);
    scene.time += 1_000;
    expect(await hint([task("t0")])).toEqual(["ended"]);
    const [event, ...others] = await scene.events();
    expect([event?.subject, event?.type, others]).toEqual(["t0", "enos.download.succeeded", []]);
    expect((await scene.tracker().get(task("t0")))?.state).toBe("succeeded");

    expect(await hint([task("t0")])).toEqual(["nothing"]);
    await scene.sweep({ after: 60 * MINUTE });
    expect(await scene.events()).toEqual([]);
  });

  it("for a running task is early, and changes only what is known about it", async () => {
    await scene.track(orgId, 1, RUNNING);
    expect(await hint([task("t0")])).toEqual(["open"]);
    expect((await scene.tracker().get(task("t0")))?.state).toBe("running");
    expect(await scene.events()).toEqual([]);
  });

  it("for an untracked task announces and records it, if EnOS knows it", async () => {
    play("unheard-of", ENDED.failed);
    expect(await hint([task("unheard-of")])).toEqual(["ended"]);
    expect((await scene.events()).map(({ type }) => type)).toEqual(["enos.download.failed"]);
    expect((await scene.tracker().get(task("unheard-of")))?.state).toBe("failed");
  });

  it("for an untracked running task starts to track it, so that a sweep sees its end", async () => {
    play("young", RUNNING);
    expect(await hint([task("young")])).toEqual(["open"]);
    expect((await scene.tracker().get(task("young")))?.state).toBe("running");
    play("young", ENDED.succeeded);
    await scene.sweep();
    expect((await scene.events()).map(({ subject }) => subject)).toEqual(["young"]);
  });

  it("for a task that EnOS does not know has no effect", async () => {
    expect(await hint([task("nobody")])).toEqual(["nothing"]);
    expect(await scene.tracker().get(task("nobody"))).toBeUndefined();
    expect((await scene.tracker().list({ orgId, limit: 10 })).tasks).toEqual([]);
    expect(await scene.events()).toEqual([]);
  });

  it("for a task whose tracking was stopped is ignored, until it is tracked again or the mark has expired", async () => {
    const tracker = scene.tracker();
    play("stopped", ENDED.succeeded);
    await tracker.put(task("stopped"));
    await tracker.delete(task("stopped"));
    const before = Object.keys(scene.enos.taskRequests(orgId)).length;
    expect(await hint([task("stopped")])).toEqual(["nothing"]);
    expect(Object.keys(scene.enos.taskRequests(orgId))).toHaveLength(before);
    expect(await scene.events()).toEqual([]);

    scene.time += 31 * 24 * 60 * MINUTE;
    expect(await hint([task("stopped")])).toEqual(["ended"]);
    expect(await scene.events()).toHaveLength(1);

    play("wanted-again", ENDED.succeeded);
    await tracker.delete(task("wanted-again"));
    expect((await tracker.put(task("wanted-again"))).created).toBe(true);
    expect(await hint([task("wanted-again")])).toEqual(["ended"]);
  });

  it("respects a task that is deleted or put during the call to EnOS", async () => {
    const tracker = scene.tracker();
    const slow = scene.enos.addFault({ kind: "latency", ms: 300, orgId, endpoint: "status" });
    const [deleted, stray, put] = [task("deleted"), task("stray"), task("put")];
    for (const { taskId } of [deleted, stray, put]) play(taskId, ENDED.succeeded);
    await tracker.put(deleted);
    const outcomes = hint([deleted, stray, put]);
    await setTimeout(100);
    scene.time += 1_000;
    await Promise.all([tracker.delete(deleted), tracker.delete(stray), tracker.put(put)]);
    expect(await outcomes).toEqual(["nothing", "nothing", "open"]);
    scene.enos.removeFault(slow);
    expect(await scene.events()).toEqual([]);

    expect(await hint([deleted, stray, put])).toEqual(["nothing", "nothing", "ended"]);
    expect((await scene.events()).map(({ subject }) => subject)).toEqual(["put"]);
  });

  it("reports until when a task was known to be open, according to sweeps", async () => {
    await scene.track(orgId, 1, RUNNING);
    const start = scene.time;
    for (let minute = 0; minute < 12; minute++) await scene.sweep();
    play("t0", ENDED.succeeded);
    scene.time += 1_000;
    expect(await hint([task("t0")])).toEqual(["ended"]);
    // Tasks of other tests are given up meanwhile.
    const event = (await scene.events()).find(({ data }) => data.orgId === orgId);
    const known = Date.parse(event?.data.notEndedBefore ?? "");
    expect(known).toBeGreaterThan(start + 8 * MINUTE);
    expect(known).toBeLessThanOrEqual(start + 12 * MINUTE);
  });

  it("does not claim that sweeps checked a task that the index does not show yet", async () => {
    await scene.track(orgId, 1, RUNNING);
    const start = scene.time;
    expect(await hint([task("t0")])).toEqual(["open"]);
    const openTasks = scene.openTasksWith({
      page: async () => ({ read: 0, tasks: [], unreadable: [], end: undefined }),
    });
    for (let minute = 0; minute < 3; minute++) await scene.sweep({ dependencies: { openTasks } });
    play("t0", ENDED.succeeded);
    expect(await hint([task("t0")])).toEqual(["ended"]);
    const event = (await scene.events()).find(({ data }) => data.orgId === orgId);
    expect(Date.parse(event?.data.notEndedBefore ?? "")).toBe(start);
  });

  it("for another organisation's task finds none", async () => {
    await scene.addOrganisation("owner");
    scene.enos.putTask({
      orgId: "owner",
      channelId: "ch-1",
      taskId: "theirs",
      timeline: [...ENDED.succeeded],
    });
    await scene.tracker().put({ orgId: "owner", channelId: "ch-1", taskId: "theirs" });
    expect(await hint([task("theirs")])).toEqual(["nothing"]);
    expect(await scene.events()).toEqual([]);
    await hint([{ orgId: "owner", channelId: "ch-1", taskId: "theirs" }]);
    await scene.events();
  });

  it("waits if its task cannot be checked: no answer, no secret, a limit", async () => {
    await scene.track(orgId, 1, ENDED.succeeded);
    const fault = scene.enos.addFault({ kind: "reset", at: "before-answer", orgId, endpoint: "status" });
    expect(await hint([task("t0")])).toEqual(["failed"]);
    scene.enos.removeFault(fault);
    expect(await scene.events()).toEqual([]);

    expect(await hint([{ ...task("t0"), orgId: "no-secret" }])).toEqual(["failed"]);
    const limit = scene.enos.addFault({ kind: "rate-limit", orgId, endpoint: "status" });
    expect(await hint([task("t0")])).toEqual(["failed"]);
    scene.enos.removeFault(limit);
  });

  it("that meets a traffic limit does not make its organisation stuck for sweeps", async () => {
    await scene.track(orgId, 1, ENDED.succeeded);
    const limit = scene.enos.addFault({ kind: "rate-limit", orgId, endpoint: "status" });
    expect(await hint([task("t0"), task("t1")])).toEqual(["failed", "failed"]);
    scene.enos.removeFault(limit);
    expect(scene.heard.filter(({ event }) => event === "stuck")).toEqual([]);
    await scene.sweep();
    const told = (await scene.events()).filter(({ data }) => data.orgId === orgId);
    expect(told.map(({ subject }) => subject)).toEqual(["t0"]);
  });

  it("makes no call for a stuck organisation", async () => {
    await scene.track(orgId, 1, RUNNING);
    const { health } = scene.dependencies;
    const record = {
      scope: "org" as const,
      id: orgId,
      reason: "unreachable" as const,
      since: scene.time,
      nextProbeAt: scene.time + 10 * MINUTE,
      probes: 3,
      fingerprint: undefined,
    };
    await health.put(record);
    expect(await hint([task("t0")])).toEqual(["failed"]);
    expect(scene.enos.taskRequests(orgId)).toEqual({});
    await health.remove(record);
    expect(await hint([task("t0")])).toEqual(["open"]);
  });

  it("is repeated if its event could not be published or its task could not be closed", async () => {
    await scene.track(orgId, 1, ENDED.succeeded);
    const events = { publish: () => Promise.reject(new Error("SNS is out")) };
    expect(await hint([task("t0")], { events })).toEqual(["failed"]);
    expect((await scene.tracker().get(task("t0")))?.finishedAt).toBeNull();
    const openTasks = {
      ...scene.openTasksWith({ finish: () => Promise.reject(new Error("out")) }),
      find: (...args: Parameters<OpenTaskStore["find"]>) => dependencies().openTasks.find(...args),
    };
    expect(await hint([task("t0")], { openTasks })).toEqual(["failed"]);
    expect(await hint([task("t0")])).toEqual(["ended"]);
    const published = await scene.events();
    expect(new Set(published.map(({ id }) => id)).size).toBe(1);
    expect(published).toHaveLength(2);
  });

  it("ends in time, and leaves the rest", async () => {
    await scene.track(orgId, 1, ENDED.succeeded);
    // Nothing but the end of its own time ends this call.
    const enos = { getDownloadStatus: () => new Promise<never>(() => {}) };
    expect(await hint([task("t0")], { enos }, 2_500)).toEqual(["failed"]);
    expect(await hint([task("t0")])).toEqual(["ended"]);
  });

  it("and a sweep at the same time announce an end under one id", async () => {
    const tasks = await scene.track(orgId, 20, ENDED.succeeded);
    const [outcomes] = await Promise.all([hint(tasks), scene.sweep({ after: 0 })]);
    expect(outcomes.every((outcome) => outcome === "ended" || outcome === "nothing")).toBe(true);
    const events = (await scene.events()).filter(({ data }) => data.orgId === orgId);
    const ids = events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(20);
  });
});
