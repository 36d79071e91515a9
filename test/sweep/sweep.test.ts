import { setTimeout as sleep } from "node:timers/promises";
import { PutCommand, ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EnosError } from "../../lib/enos/errors.ts";
import { parseStatus } from "../../lib/enos/status.ts";
import { EventPublisher, PublishError } from "../../lib/events/publisher.ts";
import { indexEntryOf, parseIndexKey } from "../../lib/store/index-key.ts";
import { ALL_KEYS } from "../../lib/store/key-span.ts";
import type { Shard } from "../../lib/store/shard-store.ts";
import type { SweepDependencies } from "../../lib/sweep/dependencies.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import { createSchedule } from "../../lib/tasks/schedule.ts";
import { canaryKeys } from "../../local/harness/canary.ts";
import { ENDED, RUNNING, Scene } from "../support/scene.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.start();
  await scene.addOrganisation("o1");
});

afterEach(() => scene[Symbol.asyncDispose]());

const ids = (events: { id: string }[]) => new Set(events.map(({ id }) => id));

describe("a sweep", () => {
  it("publishes every outcome once, closes the tasks, and leaves the others open", async () => {
    for (const [state, timeline] of Object.entries(ENDED)) await scene.track("o1", 25, timeline, state);
    await scene.track("o1", 20, RUNNING, "running");

    const summary = await scene.sweep();
    expect(summary).toMatchObject({
      shards: expect.arrayContaining([0, 1, 2, 3]),
      read: 120,
      due: 120,
      checked: 120,
      published: 100,
      finished: { succeeded: 25, failed: 25, cancelled: 25, expired: 25 },
      failed: {},
      deferred: 0,
      ended: "done",
      watermarkLagSeconds: 0,
    });

    const events = await scene.events();
    expect(events).toHaveLength(100);
    expect(ids(events).size).toBe(100);
    const succeeded = events.find(({ subject }) => subject === "succeeded7");
    expect(succeeded).toEqual({
      specversion: "1.0",
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      source: "/enos/data-federation/o1/ch-1",
      type: "enos.download.succeeded",
      subject: "succeeded7",
      time: "2026-11-24T00:01:00.000Z",
      datacontenttype: "application/json",
      dataschema: "urn:enos-download-status:event-data:1",
      data: {
        orgId: "o1",
        channelId: "ch-1",
        taskId: "succeeded7",
        state: "succeeded",
        progressCode: 3,
        progressDesc: expect.any(String),
        downloadUrl: "http://files.example/succeeded7.zip",
        dataSize: 42,
        labels: {},
        trackedAt: "2026-11-24T00:00:00.000Z",
        notEndedBefore: null,
        observedAt: "2026-11-24T00:01:00.000Z",
        reason: null,
      },
    });

    expect(await scene.sweep()).toMatchObject({ read: 20, published: 0 });
    const { tasks } = await scene.tracker().list({ orgId: "o1", limit: 100, states: ["running"] });
    expect(tasks).toHaveLength(20);
    expect(tasks[0]).toMatchObject({ stateSince: "2026-11-24T00:01:00.000Z", finishedAt: null });
  });

  it("keeps, shows and checks a task whose state a newer version wrote", async () => {
    const [task] = await scene.track("o1", 1, [
      { afterMs: 0, progressCode: 99 },
      { afterMs: 3 * MINUTE, progressCode: 3 },
    ]);
    if (!task) throw new Error("there is no task");
    await scene.db.client.send(
      new UpdateCommand({
        TableName: scene.db.table,
        Key: { pk: task.orgId, sk: `${task.channelId}#${task.taskId}` },
        UpdateExpression: "SET #state = :state",
        ExpressionAttributeNames: { "#state": "state" },
        ExpressionAttributeValues: { ":state": "melted" },
      }),
    );
    expect(await scene.sweep()).toMatchObject({ checked: 1, unreadable: 0, failed: {} });
    expect(await scene.tracker().put(task)).toMatchObject({ created: false, record: { state: "unknown" } });
    expect(await scene.sweep({ after: 3 * MINUTE })).toMatchObject({ checked: 1, published: 1 });
    expect(await scene.tracker().get(task)).toMatchObject({ state: "succeeded" });
  });

  it("writes nothing for a check that learns nothing, however often it checks", async () => {
    scene.settings.shardCount = 1;
    await scene.track("o1", 10, RUNNING);
    await scene.sweep();
    let writes = 0;
    const counting = scene.openTasksWith({
      change: async () => ++writes > 0,
      missing: async () => ++writes > 0,
      uncertain: async () => ++writes > 0,
      finish: async () => ++writes > 0,
    });
    let checked = 0;
    for (let sweep = 0; sweep < 60; sweep++)
      checked += (await scene.sweep({ dependencies: { openTasks: counting } })).checked;
    expect(checked).toBeGreaterThan(10 * 5);
    expect(writes).toBe(0);
  });

  it("says until when a task was open, even if answers have become unusable", async () => {
    scene.settings.shardCount = 1;
    const [told] = await scene.track("o1", 1, [
      { afterMs: 0, progressCode: 1 },
      { afterMs: 61 * MINUTE, progressCode: 3 },
    ]);
    if (!told) throw new Error("there is no task");
    const uncertainSince = async () => {
      const { tasks } = await scene.dependencies.openTasks.page(0, ALL_KEYS, () => true);
      expect(tasks.map(({ taskId }) => taskId)).toEqual([told.taskId]);
      return tasks[0]?.uncertainSince;
    };
    const start = scene.time;
    for (let minute = 0; minute < 30; minute++) await scene.sweep();
    expect(await uncertainSince()).toBeUndefined();

    // Several unusable answers cause one write, and what is known of the task stays.
    const fault = scene.enos.addFault({ kind: "error", orgId: "o1", endpoint: "status", code: 99500 });
    let writes = 0;
    const { openTasks } = scene.dependencies;
    const counting = scene.openTasksWith({
      uncertain: (...args) => {
        writes++;
        return openTasks.uncertain(...args);
      },
    });
    for (let minute = 0; minute < 20; minute++) await scene.sweep({ dependencies: { openTasks: counting } });
    scene.enos.removeFault(fault);
    expect(writes).toBe(1);
    const since = await uncertainSince();
    expect(since).toBeGreaterThan(start + 15 * MINUTE);
    expect(since).toBeLessThanOrEqual(start + 30 * MINUTE);

    for (let minute = 0; minute < 10; minute++) await scene.sweep();
    expect(await uncertainSince()).toBeUndefined();
    for (let minute = 0; minute < 20; minute++) await scene.sweep();
    const [event] = await scene.events();
    const known = Date.parse(event?.data.notEndedBefore ?? "");
    expect(known).toBeLessThanOrEqual(start + 61 * MINUTE);
    expect(known).toBeGreaterThan(start + 40 * MINUTE);
  });

  it("checks again exactly when the schedule says, for every task", async () => {
    scene.settings.shardCount = 1;
    const tracked = await scene.track("o1", 40, RUNNING);
    const trackedAt = scene.time;
    await scene.sweep();
    scene.enos.resetCounters();
    const times = [scene.time];
    // Two hours, then once more after ten minutes without a sweep: the window is longer, and nothing is skipped.
    for (const after of [...Array(120).fill(MINUTE), 10 * MINUTE]) {
      await scene.sweep({ after });
      times.push(scene.time);
    }
    const checks = scene.enos.taskRequests("o1");
    for (const task of tracked) {
      const { offset } = parseIndexKey(indexEntryOf(task, trackedAt, 1).openKey) as { offset: number };
      const intervals = times.map((time) =>
        scene.dependencies.schedule.intervalNumber({ trackedAt, offset }, time),
      );
      expect(checks[`ch-1/${task.taskId}`], task.taskId).toBe(new Set(intervals).size - 1);
    }
  });

  it("gives up a task that EnOS does not know no sooner than after ten minutes", async () => {
    await scene.track("o1", 3, []);
    const list = async () => (await scene.tracker().list({ orgId: "o1", limit: 10 })).tasks;
    await scene.sweep();
    const since = new Date(scene.time).toISOString();
    for (const { notFound } of await list()) expect(notFound).toEqual({ since, checks: 1 });
    for (let minute = 1; minute < 10; minute++) await scene.sweep();
    const before = await list();
    expect(before).toHaveLength(3);
    for (const task of before) {
      expect(task).toMatchObject({ state: "pending", finishedAt: null, notFound: { since } });
      expect(task.notFound?.checks).toBeGreaterThanOrEqual(3);
    }
    for (let minute = 0; minute < 4; minute++) await scene.sweep();
    const after = await list();
    expect(after).toHaveLength(3);
    for (const task of after)
      expect(task).toMatchObject({ state: "abandoned", reason: "not-found", downloadUrl: null });
    expect(await scene.events()).toHaveLength(3);
  });

  it("gives up a task that EnOS does not know no sooner than after three checks", async () => {
    const [task] = (await scene.track("o1", 1, [])) as [TaskKey];
    await scene.sweep();
    await scene.sweep({ after: 15 * MINUTE });
    expect(await scene.tracker().get(task)).toMatchObject({ state: "pending", notFound: { checks: 2 } });
    await scene.sweep({ after: 15 * MINUTE });
    expect(await scene.tracker().get(task)).toMatchObject({ state: "abandoned", reason: "not-found" });
  });

  it("continues to track a task that EnOS knows again", async () => {
    const [task] = await scene.track("o1", 1, []);
    await scene.sweep();
    scene.enos.putTask({
      ...(task as { orgId: string; channelId: string; taskId: string }),
      timeline: RUNNING,
    });
    await scene.sweep({ after: 15 * MINUTE });
    await scene.sweep({ after: 15 * MINUTE });
    expect(await scene.tracker().get(task as never)).toMatchObject({ state: "running", finishedAt: null });
    expect(await scene.events()).toEqual([]);
  });

  it("gives up a task whose deadline has passed, even if EnOS cannot be asked, and says why", async () => {
    await scene.addOrganisation("o2");
    await scene.track("o1", 5, RUNNING);
    await scene.track("o2", 5, RUNNING);
    await scene.sweep();
    scene.enos.rotateCredentials("o2", { secretKey: "changed" });
    await scene.sweep({ after: 7 * DAY });
    const events = await scene.events();
    expect(events).toHaveLength(10);
    for (const { type, data } of events) {
      expect(type).toBe("enos.download.abandoned");
      const reason = data.orgId === "o1" ? "deadline" : "unreachable";
      expect(data).toMatchObject({ reason, progressCode: null, downloadUrl: null });
    }
  });

  it("gives a task up in the first sweep after its own deadline, even if its organisation is stuck", async () => {
    await scene.addOrganisation("o2");
    scene.enos.rotateCredentials("o2", { secretKey: "changed" });
    for (const orgId of ["o1", "o2"]) {
      await scene.track(orgId, 3, RUNNING, "long");
      await scene.track(orgId, 3, RUNNING, "short", { deadlineSeconds: 25 * 60 });
    }
    for (let minute = 1; minute < 25; minute++) {
      expect((await scene.sweep()).finished, `minute ${minute}`).toEqual({});
    }
    expect((await scene.sweep()).finished).toEqual({ abandoned: 6 });
    for (const { subject, data } of await scene.events()) {
      expect(subject).toMatch(/^short/);
      expect(data.reason).toBe(data.orgId === "o1" ? "deadline" : "unreachable");
    }
  });

  it("gives up a task again that is tracked anew, under a new id", async () => {
    const [task] = (await scene.track("o1", 1, RUNNING)) as [never];
    await scene.sweep({ after: 7 * DAY });
    await scene.tracker().delete(task);
    await scene.tracker().put(task);
    await scene.sweep({ after: 7 * DAY });
    const events = await scene.events();
    expect(events.map(({ type }) => type)).toEqual(["enos.download.abandoned", "enos.download.abandoned"]);
    expect(ids(events).size).toBe(2);
  });

  it("starts anew when a task is deleted and put again", async () => {
    const [task] = (await scene.track("o1", 1, ENDED.failed)) as [never];
    await scene.sweep();
    await scene.tracker().delete(task);
    expect(await scene.tracker().get(task)).toBeUndefined();
    expect((await scene.tracker().put(task)).created).toBe(true);
    await scene.sweep();
    const events = await scene.events();
    expect(events).toHaveLength(2);
    expect(ids(events).size).toBe(1);
  });

  it("sweeps many tasks in several shards, and finishes in later sweeps what time cut short", async () => {
    const tracked = await scene.track("o1", 400, ENDED.succeeded);
    scene.enos.addFault({ kind: "latency", ms: 150 });
    const first = await scene.sweep({ remainingMs: 1_800, after: MINUTE });
    expect(first.ended).toBe("out-of-time");
    expect(first.checked).toBeLessThan(400);
    expect(first.deferred).toBeGreaterThan(0);
    scene.enos.clearFaults();
    let published = first.published;
    for (let sweep = 0; sweep < 6; sweep++) published += (await scene.sweep({ after: 1000 })).published;
    const events = await scene.events();
    expect(ids(events).size).toBe(tracked.length);
    expect(events).toHaveLength(published);
    expect((await scene.sweep({ after: 1000 })).read).toBe(0);
  });

  it("skips what cannot be due in a shard of many old tasks, and still checks each once in 15 minutes", async () => {
    scene.settings.shardCount = 1;
    const tracked = await scene.grown("o1", 1600, DAY);
    // Three times the default, so that much is skipped.
    const schedule = createSchedule({ sweepIntervalSeconds: 60, maxIntervalSeconds: 15 * 60 });
    let read = 0;
    let checked = 0;
    for (let minute = 0; minute < 15; minute++) {
      const summary = await scene.sweep({ dependencies: { schedule } });
      read += summary.read;
      checked += summary.checked;
      // Extrapolated from the part that was read: the standard deviation is 2 %.
      expect(Math.abs((summary.openTasks ?? 0) - tracked.length)).toBeLessThan(0.1 * tracked.length);
    }
    expect(checked).toBe(tracked.length);
    // The first page is read in any case. After it, only what may be due is read.
    expect(read / 15).toBeGreaterThanOrEqual(1000);
    expect(read / 15).toBeLessThan(1200);
  });

  it("counts the open tasks of all shards, including those that others sweep", async () => {
    expect((await scene.sweep()).openTasks).toBe(0);
    await scene.track("o1", 40, RUNNING);
    await scene.track("o1", 10, ENDED.failed, "ended");
    expect((await scene.sweep()).openTasks).toBe(50);
    // Then the tasks are long-running, and due in only some of the sweeps.
    for (const after of [24 * 60 * MINUTE, MINUTE, MINUTE, MINUTE]) {
      expect((await scene.sweep({ after })).openTasks).toBe(40);
    }
    expect((await scene.sweep({ shards: [2] })).openTasks).toBe(40);
  });

  it("counts each open task once in the sweep that resumes where one was cut short", async () => {
    scene.settings.shardCount = 1;
    await scene.grown("o1", 40, 24 * 60 * MINUTE);
    const { shards, openTasks, schedule } = scene.dependencies;
    const { tasks } = await openTasks.page(0, ALL_KEYS, () => true);
    const [shard] = (await shards.list(1)) as [Shard];
    await shards.lease(shard, "cut short", scene.time, scene.time);
    const from = tasks[17]?.indexKey as string;
    await shards.release(0, "cut short", {
      ...shard,
      checkpoint: { watermark: scene.time, gaps: [{ from, to: "~", watermark: scene.time - MINUTE }] },
      schedule: { id: schedule.id, since: 0 },
      openTasks: 40,
    });
    expect(await scene.sweep()).toMatchObject({ read: 40, openTasks: 40 });
  });

  it("shares the shards with another sweep that runs at the same time", async () => {
    await scene.track("o1", 400, ENDED.succeeded);
    scene.enos.addFault({ kind: "latency", ms: 10 });
    scene.time += MINUTE;
    const summaries = await Promise.all([scene.sweep({ after: 0 }), scene.sweep({ after: 0 })]);
    const shards = summaries.flatMap(({ shards }) => shards);
    expect(shards.toSorted()).toEqual([0, 1, 2, 3]);
    const events = await scene.events();
    expect(events).toHaveLength(400);
    expect(ids(events).size).toBe(400);
  });

  it("sweeps the shards that it is asked for, and refuses unknown ones", async () => {
    await scene.track("o1", 100, ENDED.failed);
    expect((await scene.sweep({ shards: [0, 3] })).shards.toSorted()).toEqual([0, 3]);
    await expect(scene.sweep({ shards: [0, 9] })).rejects.toThrow("shards: there is no shard 9");
    expect((await scene.sweep()).finished.failed).toBeGreaterThan(0);
    expect(ids(await scene.events()).size).toBe(100);
  });

  it("strands no task when the number of shards changes, up or down", async () => {
    scene.settings.shardCount = 8;
    await scene.track("o1", 50, ENDED.failed, "eight");
    scene.settings.shardCount = 2;
    await scene.track("o1", 50, ENDED.failed, "two");
    await scene.sweep();
    scene.settings.shardCount = 16;
    await scene.track("o1", 50, ENDED.failed, "sixteen");
    scene.settings.shardCount = 1;
    await scene.sweep();
    expect(ids(await scene.events()).size).toBe(150);
  });

  it("keeps a shard's watermark while events cannot be published, and publishes them in the next sweep", async () => {
    await scene.track("o1", 40, ENDED.succeeded);
    await scene.sweep({ after: 0 });
    await scene.track("o1", 40, ENDED.failed, "late");
    const broken = {
      publish: () => Promise.reject(new PublishError("SNS did not accept the event (Throttled)")),
    };
    const failed = await scene.sweep({ dependencies: { events: broken } });
    expect(failed).toMatchObject({ published: 0, finished: {}, failed: { publish: 40 } });
    expect(failed.watermarkLagSeconds).toBe(60);
    const { tasks } = await scene.tracker().list({ orgId: "o1", limit: 100, states: ["failed"] });
    expect(tasks).toEqual([]);

    expect(await scene.sweep({ after: 1000 })).toMatchObject({
      published: 40,
      failed: {},
      watermarkLagSeconds: 0,
    });
    expect(ids(await scene.events()).size).toBe(80);
  });

  it("publishes again under the same id if the write after the publish failed", async () => {
    await scene.track("o1", 10, ENDED.succeeded);
    const openTasks = scene.openTasksWith({ finish: () => Promise.reject(new Error("the table is gone")) });
    expect(await scene.sweep({ dependencies: { openTasks } })).toMatchObject({
      published: 10,
      finished: {},
      failed: { write: 10 },
    });
    expect(await scene.sweep({ after: 1000 })).toMatchObject({ published: 10, finished: { succeeded: 10 } });
    const events = await scene.events();
    expect(events).toHaveLength(20);
    expect(ids(events).size).toBe(10);
  });

  it("finishes the other organisations' tasks while the credentials of one are refused", async () => {
    for (const orgId of ["o2", "o3"]) await scene.addOrganisation(orgId);
    for (const orgId of ["o1", "o2", "o3"]) await scene.track(orgId, 50, ENDED.succeeded);
    scene.enos.rotateCredentials("o2", { secretKey: "nobody-knows" });

    const summary = await scene.sweep();
    expect(summary).toMatchObject({
      finished: { succeeded: 100 },
      checked: 100,
      stuck: { credentials: 1 },
      ended: "done",
    });
    expect(summary.failed.credentials).toBeGreaterThanOrEqual(2);
    expect(summary.deferred).toBe(50);
    expect(summary.behind).toEqual({ credentials: 1 });
    expect(scene.heard.filter(({ event }) => event === "stuck")).toEqual([
      { event: "stuck", detail: expect.objectContaining({ scope: "org", id: "o2", reason: "credentials" }) },
    ]);
    expect(new Set((await scene.events()).map(({ data }) => data.orgId))).toEqual(new Set(["o1", "o3"]));

    // The others' watermark moves on, and the two lags show both.
    for (let minute = 2; minute <= 5; minute++) {
      expect(await scene.sweep()).toMatchObject({
        stuck: { credentials: 1 },
        watermarkLagSeconds: minute * 60,
        answeringLagSeconds: 0,
      });
    }
    // The next sweep sees the new secret, and continues o2 where it was left.
    await scene.cloud.putSecret("o2", { ...canaryKeys("o2"), secretKey: "nobody-knows" });
    expect(await scene.sweep()).toMatchObject({
      finished: { succeeded: 50 },
      deferred: 0,
      stuck: {},
      behind: {},
      watermarkLagSeconds: 0,
    });
    expect(scene.heard).toContainEqual({
      event: "recovered",
      detail: expect.objectContaining({ scope: "org", id: "o2", reason: "credentials" }),
    });
    expect(await scene.db.client.send(new ScanCommand({ TableName: scene.db.table }))).toMatchObject({
      Items: expect.not.arrayContaining([expect.objectContaining({ pk: "#health" })]),
    });
  });

  it("calls a stuck organisation now and then, and writes nothing while it stays stuck", async () => {
    scene.settings.shardCount = 1;
    await scene.addOrganisation("o2");
    await scene.track("o1", 10, RUNNING);
    await scene.track("o2", 40, RUNNING);
    scene.enos.rotateCredentials("o2", { secretKey: "changed" });
    await scene.sweep();
    await scene.sweep();
    scene.enos.resetCounters();
    const { behind } = scene.dependencies;
    let writes = 0;
    const watched = {
      list: behind.list.bind(behind),
      remove: behind.remove.bind(behind),
      write: (...args: Parameters<typeof behind.write>) => {
        writes++;
        return behind.write(...args);
      },
    };
    for (let minute = 0; minute < 60; minute++) await scene.sweep({ dependencies: { behind: watched } });
    const { status = 0, token = 0 } = scene.enos.counters().byOrganisation.o2 ?? {};
    expect(status + token).toBeGreaterThanOrEqual(4);
    // A probe may request a token first, and try both again with the secret read again.
    expect(status + token).toBeLessThanOrEqual(4 * 12);
    expect(writes).toBe(0);
  });

  it("counts an organisation as stuck that is limited before any answer, and one without a secret", async () => {
    await scene.addOrganisation("o2");
    await scene.track("o1", 30, ENDED.succeeded);
    await scene.track("o2", 30, ENDED.succeeded);
    await scene.track("nobody", 30, []);
    const fault = scene.enos.addFault({
      kind: "rate-limit",
      orgId: "o2",
      endpoint: "status",
      retryAfterSeconds: 1,
    });
    const summary = await scene.sweep();
    expect(summary).toMatchObject({
      finished: { succeeded: 30 },
      stuck: { throttled: 1, "unknown-organisation": 1 },
      deferred: 60,
      ended: "done",
    });
    expect(summary.failed.throttled).toBe(1);
    expect(summary.failed["unknown-organisation"]).toBeGreaterThan(0);
    expect(summary.failed).not.toHaveProperty("secret");
    // No call is made for the organisation without a secret.
    expect(scene.enos.counters().byOrganisation.nobody).toBeUndefined();

    scene.enos.removeFault(fault);
    let finished = 0;
    for (let minute = 0; minute < 15; minute++) finished += (await scene.sweep()).finished.succeeded ?? 0;
    expect(finished).toBe(30);
  });

  it("ends an organisation's calls for this sweep only if it is limited after answers", async () => {
    await scene.track("o1", 30, ENDED.succeeded);
    let answers = 0;
    const enos = {
      getDownloadStatus: async (
        ...[task, options]: Parameters<typeof scene.dependencies.enos.getDownloadStatus>
      ) => {
        if (++answers % 11 === 0) throw new EnosError("throttled", "EnOS limits traffic");
        return scene.dependencies.enos.getDownloadStatus(task, options);
      },
    };
    const first = await scene.sweep({ dependencies: { enos } });
    expect(first.stuck).toEqual({});
    expect(first.failed).toEqual({ throttled: 1 });
    expect(first.finished.succeeded).toBeGreaterThanOrEqual(10);
    expect(first.finished.succeeded).toBeLessThan(30);
    expect(first.behind.busy).toBeGreaterThan(0);
    let finished = first.finished.succeeded ?? 0;
    for (let sweep = 0; sweep < 2; sweep++)
      finished += (await scene.sweep({ after: 1000, dependencies: { enos } })).finished.succeeded ?? 0;
    expect(finished).toBeGreaterThanOrEqual(29);
  });

  it("reads on, gives up what is late and makes only probes while EnOS does not answer at all", async () => {
    scene.settings.shardCount = 1;
    await scene.track("o1", 100, RUNNING);
    await scene.track("o1", 5, RUNNING, "short", { deadlineSeconds: 20 * 60 });
    await scene.sweep();
    const id = scene.enos.addFault({ kind: "reset", at: "before-answer" });
    const out = await scene.sweep({ after: 15 * MINUTE });
    expect(out).toMatchObject({
      ended: "done",
      checked: 0,
      published: 0,
      due: 105,
      deferred: 105,
      stuck: { unreachable: 1 },
      watermarkLagSeconds: 15 * 60,
      answeringLagSeconds: 0,
    });
    expect(await scene.sweep({ after: 5 * MINUTE })).toMatchObject({ finished: { abandoned: 5 } });
    scene.enos.resetCounters();
    const probes = async () => (await scene.dependencies.health.list())[0]?.probes ?? Number.NaN;
    const before = await probes();
    for (let minute = 0; minute < 30; minute++) await scene.sweep();
    // After 2, 4, 8, 10 and 10 minutes at the most, each up to a quarter earlier.
    const made = (await probes()) - before;
    expect(made).toBeGreaterThanOrEqual(4);
    expect(made).toBeLessThanOrEqual(5);
    // A call whose connection broke before the answer is tried once more on a new one.
    expect(scene.enos.counters().byOrganisation.o1?.status ?? 0).toBeLessThanOrEqual(2 * made);
    scene.enos.removeFault(id);
    let checked = 0;
    for (let minute = 0; minute < 13; minute++) checked += (await scene.sweep()).checked;
    expect(checked).toBeGreaterThanOrEqual(100);
    expect(await scene.sweep({ after: 1000 })).toMatchObject({
      behind: {},
      stuck: {},
      watermarkLagSeconds: 0,
    });
  });

  it("does not wait for the secret of a refused organisation if Secrets Manager does not answer", async () => {
    await scene.addOrganisation("o2");
    for (const orgId of ["o1", "o2"]) await scene.track(orgId, 5, ENDED.succeeded);
    scene.enos.rotateCredentials("o2", { secretKey: "changed" });
    await scene.sweep();
    scene.time += 1;
    await scene.track("o1", 5, ENDED.failed, "new");
    const { credentials } = scene.dependencies;
    const silent: SweepDependencies["credentials"] = {
      get: (orgId) => (orgId === "o2" ? new Promise(() => {}) : credentials.get(orgId)),
      refresh: (orgId, refused) => credentials.refresh(orgId, refused),
    };
    // No probe of it is due yet, which would wait as well, for as long as a call may take.
    const summary = await scene.sweep({ after: 10_000, dependencies: { credentials: silent } });
    expect(summary).toMatchObject({ finished: { failed: 5 }, ended: "done" });
  });

  it("releases a shard in time even if Secrets Manager does not answer a look-up of a moved organisation", async () => {
    scene.settings.shardCount = 1;
    await scene.track("o1", 5, ENDED.succeeded);
    const origin = "https://down.example";
    const stuck = { reason: "unreachable", since: scene.time, probes: 3, fingerprint: undefined } as const;
    await scene.dependencies.health.put({
      scope: "origin",
      id: origin,
      nextProbeAt: scene.time + 10 * MINUTE,
      ...stuck,
    });
    const gaps = [{ from: "", to: "~", watermark: scene.time }];
    await scene.dependencies.behind.write(0, "before", { orgId: "o2", gaps, origin, before: undefined });
    const { credentials } = scene.dependencies;
    const silent: SweepDependencies["credentials"] = {
      get: (orgId) => (orgId === "o2" ? new Promise(() => {}) : credentials.get(orgId)),
      refresh: (orgId, refused) => credentials.refresh(orgId, refused),
    };
    // Once the time is over, the shard cannot be released any more, and its lag would not be 0.
    const summary = await scene.sweep({ remainingMs: 4_000, dependencies: { credentials: silent } });
    expect(summary).toMatchObject({ shards: [0], finished: { succeeded: 5 }, answeringLagSeconds: 0 });
  });

  it("does not let its probes block each other, and resumes all of a gateway's organisations at once", async () => {
    scene.settings.shardCount = 1;
    const orgIds = ["o1", "o2", "o3", "o4"];
    for (const orgId of orgIds) {
      await scene.addOrganisation(orgId);
      await scene.track(orgId, 2, RUNNING);
    }
    const due = { reason: "unreachable", since: scene.time, nextProbeAt: scene.time, probes: 0 } as const;
    const stuck = orgIds
      .slice(0, 3)
      .map((id) => ({ ...due, scope: "org", id, fingerprint: undefined }) as const);
    const gateway = { ...due, scope: "origin", id: scene.enos.url, fingerprint: undefined } as const;
    for (const record of [...stuck, gateway]) await scene.dependencies.health.put(record);
    const gaps = [{ from: "", to: "~", watermark: scene.time - MINUTE }];
    for (const orgId of orgIds) {
      await scene.dependencies.behind.write(0, "before", {
        orgId,
        gaps,
        origin: scene.enos.url,
        before: undefined,
      });
    }
    const { checked, behind } = await scene.sweep();
    expect(await scene.dependencies.health.list()).toEqual([]);
    expect({ checked, behind }).toEqual({ checked: 8, behind: {} });
  });

  it("asks about another task before one failure makes an organisation stuck, and waits for the result", async () => {
    const [first] = (await scene.track("o1", 1, RUNNING, "first")) as [TaskKey];
    await scene.track("o1", 4, RUNNING, "other");
    await scene.sweep();
    // Of the five tasks, only this one is due again, since it was put anew.
    scene.time += 1;
    await scene.tracker().delete(first);
    await scene.tracker().put(first);
    let underWay = 0;
    const asked: string[] = [];
    const enos = (isDead: boolean): SweepDependencies["enos"] => ({
      getDownloadStatus: async ({ orgId, channelId, taskId }) => {
        asked.push(taskId.replace(/\d$/, ""));
        underWay++;
        await sleep(taskId === first.taskId ? 1 : 400);
        underWay--;
        if (isDead || taskId === first.taskId) throw new EnosError("timeout", "no answer");
        return parseStatus({ orgId, channelId, taskId }, { progressCode: 1 });
      },
    });
    const alive = await scene.sweep({ after: 1_000, dependencies: { enos: enos(false) } });
    expect(underWay).toBe(0);
    expect(asked).toEqual(["first", "other"]);
    expect(alive.stuck).toEqual({});
    const dead = await scene.sweep({ after: 1_000, dependencies: { enos: enos(true) } });
    expect(underWay).toBe(0);
    // The first has gone unanswered before, so others may as well: two of them are asked about.
    expect(asked).toEqual(["first", "other", "first", "other", "other"]);
    expect(dead.stuck).toEqual({ unreachable: 1 });
    expect(await scene.dependencies.health.list()).toMatchObject([{ id: "o1", reason: "unreachable" }]);
  });

  it("does not announce a task that was closed, deleted or put anew before its last consistent read", async () => {
    const old = await scene.track("o1", 3, ENDED.succeeded);
    const page = await scene.dependencies.openTasks.page(0, ALL_KEYS, () => true);
    const stale = new Map<number, typeof page>();
    for (let shard = 0; shard < 4; shard++) {
      stale.set(shard, await scene.dependencies.openTasks.page(shard, ALL_KEYS, () => true));
    }
    const [closed, deleted, anew] = old as [TaskKey, TaskKey, TaskKey];
    const inIndex = [...stale.values()]
      .flatMap(({ tasks }) => tasks)
      .find((task) => task.taskId === closed.taskId);
    if (!inIndex) throw new Error("the index has no such task");
    const cancelled = parseStatus(closed, { progressCode: 5 });
    await scene.dependencies.openTasks.finish(
      inIndex,
      { state: "cancelled", status: cancelled, reason: null },
      scene.time,
    );
    await scene.tracker().delete(deleted);
    await scene.tracker().delete(anew);
    scene.time += 1;
    await scene.tracker().put(anew);
    // The index still shows all three as they were, and does not show the new one yet.
    const openTasks = scene.openTasksWith({ page: async (shard) => stale.get(shard) as typeof page });
    expect(await scene.sweep({ dependencies: { openTasks } })).toMatchObject({
      checked: 3,
      published: 0,
      finished: {},
    });
    expect(await scene.events()).toEqual([]);
    expect(await scene.tracker().get(closed)).toMatchObject({ state: "cancelled" });
    expect(await scene.tracker().get(deleted)).toBeUndefined();
    expect(await scene.tracker().get(anew)).toMatchObject({ state: "pending" });
  });

  it("publishes nothing while consistent reads fail, and loses nothing", async () => {
    await scene.track("o1", 10, ENDED.succeeded);
    const openTasks = scene.openTasksWith({ current: () => Promise.reject(new Error("the table is gone")) });
    expect(await scene.sweep({ dependencies: { openTasks } })).toMatchObject({
      published: 0,
      finished: {},
      failed: { read: 10 },
      watermarkLagSeconds: 60,
    });
    expect(await scene.sweep({ after: 1000 })).toMatchObject({ published: 10, finished: { succeeded: 10 } });
  });

  it("sweeps without the health records that it cannot read or remove, and counts that", async () => {
    await scene.track("o1", 2, RUNNING);
    const { health } = scene.dependencies;
    await health.put({
      scope: "org",
      id: "o2",
      reason: "unreachable",
      since: 0,
      nextProbeAt: 0,
      probes: 3,
      fingerprint: undefined,
    });
    const out = () => Promise.reject(new Error("the table is gone"));
    const withHealth = (other: Partial<SweepDependencies["health"]>) => ({
      list: () => health.list(),
      put: health.put.bind(health),
      claimProbe: health.claimProbe.bind(health),
      remove: health.remove.bind(health),
      ...other,
    });
    const sweepWith = (other: Partial<SweepDependencies["health"]>) =>
      scene.sweep({ dependencies: { health: withHealth(other) } });
    expect(await sweepWith({ remove: out })).toMatchObject({ checked: 2, failed: { write: 1 } });
    expect(await sweepWith({ list: out })).toMatchObject({ failed: { read: 1 } });
    expect(await scene.sweep()).toMatchObject({ failed: {} });
    expect(await health.list()).toEqual([]);
  });

  it("leases only its share of the shards at a time if there are several sweepers, and then free ones", async () => {
    scene.settings.shardCount = 8;
    await scene.track("o1", 40, ENDED.succeeded);
    let held = 0;
    let most = 0;
    const { shards } = scene.dependencies;
    const watched = {
      list: shards.list.bind(shards),
      isHeld: shards.isHeld.bind(shards),
      lease: async (...args: Parameters<typeof shards.lease>) => {
        const shard = await shards.lease(...args);
        if (shard) most = Math.max(most, ++held);
        return shard;
      },
      release: (...args: Parameters<typeof shards.release>) => {
        held--;
        return shards.release(...args);
      },
    };
    const summary = await scene.sweep({ settings: { sweepers: 4 }, dependencies: { shards: watched } });
    expect(most).toBe(2);
    expect(summary.shards).toHaveLength(8);
    expect(summary.published).toBe(40);
  });

  it("reports watermarks that are minutes ahead of its clock, and corrects them without harm", async () => {
    await scene.track("o1", 20, RUNNING);
    // This sweep's clock is ten minutes ahead.
    await scene.sweep({ after: 10 * MINUTE });
    scene.time -= 9 * MINUTE;
    await scene.track("o1", 20, ENDED.failed, "f");
    const summary = await scene.sweep({ after: MINUTE });
    expect(scene.heard.filter(({ event }) => event === "clockAhead")).toHaveLength(4);
    expect(scene.heard).toContainEqual({
      event: "clockAhead",
      detail: { shard: expect.any(Number), seconds: 480 },
    });
    expect(summary.failed).toEqual({});
    // Tasks do not wait until the time that the wrong clock showed.
    const next = await scene.sweep();
    expect((summary.finished.failed ?? 0) + (next.finished.failed ?? 0)).toBe(20);
    expect(next).toMatchObject({ failed: {}, watermarkLagSeconds: 0 });
  });

  it("skips, counts and reports items that no version could have written", async () => {
    await scene.track("o1", 20, ENDED.succeeded);
    await scene.db.client.send(
      new UpdateCommand({
        TableName: scene.db.table,
        Key: { pk: "o1", sk: "ch-1#t3" },
        UpdateExpression: "SET openKey = :odd",
        ExpressionAttributeValues: { ":odd": "melted" },
      }),
    );
    expect(await scene.sweep()).toMatchObject({
      read: 19,
      unreadable: 1,
      finished: { succeeded: 19 },
      failed: {},
    });
    expect(scene.heard.filter(({ event }) => event === "unreadable")).toHaveLength(1);
  });

  it.each(["soon", 1.5, -7])(
    "sweeps a shard whose record was tampered with, swept through %s, from its beginning",
    async (watermark) => {
      await scene.track("o1", 40, ENDED.succeeded);
      for (const sk of ["0", "1", "2", "3", "not-a-number"]) {
        await scene.db.client.send(
          new PutCommand({
            TableName: scene.db.table,
            Item: { pk: "#shards", sk, watermark, leaseUntil: "never", gaps: [1], behind: 7 },
          }),
        );
      }
      expect(await scene.sweep()).toMatchObject({ published: 40, failed: {}, leasesLost: 0 });
      expect(await scene.sweep()).toMatchObject({ read: 0, watermarkLagSeconds: 0 });
    },
  );

  it("takes over from a sweep that died once its lease has run out", async () => {
    await scene.track("o1", 100, ENDED.succeeded);
    scene.time += MINUTE;
    for (const shard of await scene.dependencies.shards.list(4)) {
      await scene.dependencies.shards.lease(shard, "the-dead", scene.time, scene.time + 30_000);
    }
    expect(await scene.sweep({ after: 20_000 })).toMatchObject({ shards: [], published: 0 });
    expect(await scene.sweep({ after: 10_001 })).toMatchObject({ published: 100 });
    expect(await scene.dependencies.shards.release(0, "the-dead")).toBe(false);
  });

  it("keeps each organisation's rate, and does not let others wait for one with too many tasks", async () => {
    await scene.addOrganisation("o2");
    await scene.track("o1", 400, ENDED.succeeded);
    await scene.track("o2", 20, ENDED.succeeded);
    const settings = { requestsPerSecond: 100 };
    const summary = await scene.sweep({ settings, remainingMs: 3_000 });
    const ofO2 = (await scene.events()).filter(({ data }) => data.orgId === "o2");
    expect(ofO2).toHaveLength(20);
    expect(summary.deferred).toBeGreaterThan(0);
    const { byOrganisation } = scene.enos.counters();
    expect(byOrganisation.o1?.status).toBeLessThanOrEqual(Math.ceil(summary.durationMs / 10) + 15);
    for (let sweep = 0; sweep < 3; sweep++) await scene.sweep({ after: 1000 });
    expect((await scene.tracker().list({ orgId: "o1", limit: 1, states: ["pending"] })).tasks).toEqual([]);
  });

  it("delivers to a queue with a filter policy what matches the policy", async () => {
    const failures = await scene.cloud.subscribe("failures", { state: ["failed", "expired"], orgId: ["o1"] });
    await scene.addOrganisation("o2");
    for (const orgId of ["o1", "o2"]) {
      await scene.track(orgId, 5, ENDED.failed, "f");
      await scene.track(orgId, 5, ENDED.succeeded, "s");
    }
    await scene.sweep();
    const messages = [...(await failures.poll(1)), ...(await failures.poll(0))];
    expect(messages).toHaveLength(5);
    for (const { attributes } of messages) {
      expect(attributes).toEqual({
        type: "enos.download.failed",
        state: "failed",
        orgId: "o1",
        channelId: "ch-1",
      });
    }
  });

  it("publishes to a FIFO topic once per fact", async () => {
    const { CreateTopicCommand } = await import("@aws-sdk/client-sns");
    const { subscribe } = await import("../../local/aws/subscription.ts");
    const { sns, sqs } = scene.cloud;
    const Attributes = { FifoTopic: "true" };
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "events.fifo", Attributes }));
    const queue = await subscribe({ sns, sqs, topicArn: TopicArn as string, queueName: "facts.fifo" });
    const events = new EventPublisher({ topicArn: TopicArn as string, client: sns });
    const openTasks = scene.openTasksWith({ finish: () => Promise.reject(new Error("not yet")) });
    await scene.track("o1", 3, ENDED.failed);
    await scene.sweep({ dependencies: { events, openTasks } });
    await scene.sweep({ dependencies: { events }, after: 1000 });
    const received = [];
    for (let poll = 0; poll < 10; poll++) received.push(...(await queue.poll(0)));
    expect(received).toHaveLength(3);
  });
});
