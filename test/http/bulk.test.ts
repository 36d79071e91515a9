import { afterEach, describe, expect, it, vi } from "vitest";
import { type BulkDependencies, type BulkOutcome, trackMany } from "../../lib/http/bulk.ts";
import { CallerError } from "../../lib/http/errors.ts";
import type { TrackingOptions } from "../../lib/store/task-store.ts";
import type { TaskKey } from "../../lib/tasks/key.ts";
import type { TrackedTask } from "../../lib/tasks/record.ts";
import { apiEvent, withBody } from "../../local/harness/api-event.ts";

const task = (taskId: unknown, more: object = {}) => ({ channelId: "ch-1", taskId, ...more });
const throttled = Object.assign(new Error("slow down"), { name: "ThrottlingException" });

/** A store that remembers what was put first, and what is under way. */
function store(answer: (task: TaskKey, attempt: number) => Promise<void> = async () => {}) {
  const put = new Map<string, TrackingOptions>();
  const attempts = new Map<string, number>();
  const seen = { most: 0, now: 0, errors: [] as unknown[] };
  const dependencies: BulkDependencies = {
    async put(key, options) {
      seen.most = Math.max(seen.most, ++seen.now);
      try {
        const name = `${key.orgId}/${key.channelId}/${key.taskId}`;
        attempts.set(name, (attempts.get(name) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await answer(key, attempts.get(name) as number);
        const created = !put.has(name);
        if (created) put.set(name, options);
        return { record: { ...key, ...put.get(name) } as unknown as TrackedTask, created };
      } finally {
        seen.now--;
      }
    },
    isTransient: (error) => error === throttled,
    onError: (error) => seen.errors.push(error),
    serviceDeadlineSeconds: 3600,
    limitMs: 8_000,
  };
  return { put, attempts, seen, dependencies };
}

async function send(body: unknown, dependencies: BulkDependencies, headers: Record<string, string> = {}) {
  const event = { ...withBody(apiEvent("bulk", "orgId=o1"), body), headers };
  const answer = await trackMany(event, "o1", dependencies);
  return { ...answer, data: answer.data as { outcomes: BulkOutcome[]; failed: number } };
}

const refusal = async (body: unknown) => {
  const error = await send(body, store().dependencies).catch((error: unknown) => error);
  return error instanceof CallerError ? [error.failure.statusCode, error.message] : error;
};

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("many tasks", () => {
  it("are put concurrently, with an outcome for each in order", async () => {
    const { dependencies, put, seen } = store();
    const tasks = Array.from({ length: 100 }, (_, index) => task(`t${index}`));
    const { statusCode, data, headers } = await send({ tasks }, dependencies);
    expect([statusCode, data.failed, headers]).toEqual([207, 0, undefined]);
    expect(data.outcomes.map(({ taskId, status, record }) => [taskId, status, record?.taskId])).toEqual(
      tasks.map(({ taskId }) => [taskId, 201, taskId]),
    );
    expect(put.size).toBe(100);
    expect(seen.most).toBe(10);
  });

  it("may repeat a task: the first one counts", async () => {
    const { dependencies, attempts, seen } = store();
    const tasks = [
      ...Array.from({ length: 30 }, (_, index) => task("same", { correlationId: `c${index}` })),
      task("other"),
    ];
    const { data } = await send({ tasks }, dependencies);
    expect(data.outcomes.map(({ status }) => status)).toEqual([201, ...Array(29).fill(200), 201]);
    expect(new Set(data.outcomes.slice(0, 30).map(({ record }) => record?.correlationId))).toEqual(
      new Set(["c0"]),
    );
    expect(attempts.get("o1/ch-1/same")).toBe(30);
    // It is put by one at a time, beside the other task.
    expect(seen.most).toBe(2);
  });

  it("are independent: each invalid one gets its own error", async () => {
    const wrong = [
      null,
      7,
      [],
      "t",
      {},
      { channelId: "ch-1" },
      task(7),
      task("a.b"),
      task("x".repeat(129)),
      task("t", { orgId: "o2" }),
      task("t", { correlationID: "c" }),
      task("t", { correlationId: "" }),
      task("t", { labels: { "a b": "c" } }),
      task("t", { deadlineSeconds: 3601 }),
      task("t", { deadlineSeconds: 0.5 }),
      task("t", { traceparent: "00-1-2-3" }),
    ];
    const { dependencies, put, seen } = store();
    const { data } = await send({ tasks: [task("first"), ...wrong, task("last")] }, dependencies);
    expect(seen.errors).toEqual([]);
    expect(data.outcomes.map(({ taskId }) => taskId)).toContain("x".repeat(128));
    expect(data.outcomes.map(({ status }) => status)).toEqual([201, ...wrong.map(() => 400), 201]);
    expect(data.failed).toBe(wrong.length);
    expect(data.outcomes.slice(1, -1).map(({ code }) => code)).toEqual(wrong.map(() => 99400));
    expect(data.outcomes.map(({ msg }) => msg)).toMatchInlineSnapshot(`
      [
        "success",
        "the task must be an object with channelId and taskId",
        "the task must be an object with channelId and taskId",
        "the task must be an object with channelId and taskId",
        "the task must be an object with channelId and taskId",
        "channelId is missing",
        "taskId is missing",
        "taskId must be text",
        "taskId may have letters, digits, _ and - only, 128 at most",
        "taskId may have letters, digits, _ and - only, 128 at most",
        "orgId is not known",
        "correlationID is not known",
        "correlationId must not be empty",
        "labels.a?b must begin with a letter and go on with letters, digits, _ . and -",
        "deadlineSeconds must be at most 3600, the service's own deadline",
        "deadlineSeconds must be a whole number",
        "traceparent must be a traceparent of W3C Trace Context, version 00",
        "success",
      ]
    `);
    expect([...put.keys()]).toEqual(["o1/ch-1/first", "o1/ch-1/last"]);
  });

  it("carry the request's traceparent unless they have their own", async () => {
    const { dependencies } = store();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const own = traceparent.replace("0af", "1af");
    const { data } = await send({ tasks: [task("a"), task("b", { traceparent: own })] }, dependencies, {
      traceparent,
    });
    expect(data.outcomes.map(({ record }) => record?.traceparent)).toEqual([traceparent, own]);
    const odd = await send({ tasks: [task("c")] }, dependencies, {
      traceparent: `${traceparent},${traceparent}`,
    });
    expect(odd.data.outcomes[0]?.record).not.toHaveProperty("traceparent");
  });

  it("survive throttling: each is put again until it is tracked", async () => {
    vi.useFakeTimers();
    const { dependencies, put } = store(async (_, attempt) => {
      if (attempt < 4) throw throttled;
    });
    const tasks = Array.from({ length: 40 }, (_, index) => task(`t${index}`));
    const sent = send({ tasks }, dependencies);
    await vi.advanceTimersByTimeAsync(7_999);
    const { data } = await sent;
    expect(data.failed).toBe(0);
    expect(put.size).toBe(40);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are put again after pauses that double, up to two seconds", async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(1);
    const failedAt: number[] = [];
    const { dependencies } = store(async (_, attempt) => {
      if (attempt > 7) return;
      failedAt.push(Date.now());
      throw throttled;
    });
    const sent = send({ tasks: [task("t")] }, dependencies);
    await vi.advanceTimersByTimeAsync(7_999);
    expect((await sent).data.failed).toBe(0);
    // Each put takes five milliseconds.
    const pauses = failedAt.slice(1).map((at, index) => at - (failedAt[index] as number) - 5);
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 2_000]);
  });

  it("for which there is no time get an outcome that says so, and when to retry", async () => {
    vi.useFakeTimers();
    const { dependencies } = store(({ taskId }) => {
      if (taskId === "throttled") throw throttled;
      return taskId === "hangs" ? new Promise(() => {}) : Promise.resolve();
    });
    const tasks = [task("throttled"), task("hangs"), task("fine"), task("hangs")];
    const sent = send({ tasks }, dependencies);
    await vi.advanceTimersByTimeAsync(8_000);
    const { data, headers } = await sent;
    const unknown =
      "the database did not accept the task in time: it may or may not be tracked, send it again";
    expect(data.outcomes.map(({ status, code, msg }) => [status, code, msg])).toEqual([
      [503, 99503, unknown],
      [503, 99503, unknown],
      [201, 0, "success"],
      [503, 99503, unknown],
    ]);
    expect([data.failed, headers]).toEqual([3, { "retry-after": "5" }]);
  });

  it("that fail for an internal reason reveal no details, and are reported", async () => {
    const error = new Error("a secret: hunter2");
    const { dependencies, seen } = store(({ taskId }) =>
      taskId === "bad" ? Promise.reject(error) : Promise.resolve(),
    );
    const { data, headers } = await send({ tasks: [task("bad"), task("good")] }, dependencies);
    expect(data.outcomes.map(({ status, msg }) => [status, msg])).toEqual([
      [500, "internal error"],
      [201, "success"],
    ]);
    expect(headers).toBeUndefined();
    expect(seen.errors).toEqual([error]);
  });

  it.each([
    ["nothing", "", "the body is missing"],
    ["no JSON", "{", "the body is not JSON in UTF-8"],
    ["null", null, "the body must be a JSON object"],
    ["a list", [], "the body must be a JSON object"],
    ["no tasks", {}, "tasks is missing"],
    ["tasks that are no list", { tasks: {} }, "tasks must be a list"],
    ["no task", { tasks: [] }, "tasks is empty"],
    ["101 tasks", { tasks: Array(101).fill({}) }, "tasks may have 100 entries at most"],
    ["something else beside them", { tasks: [{}], options: {} }, "options is not known"],
    ["__proto__", '{"tasks":[{"__proto__":{"channelId":"c"}}]}', "__proto__ is not known"],
  ])("%s is 400", async (_what, body, message) => {
    expect(await refusal(body)).toEqual([400, message]);
  });

  it("of more than two megabytes get 413", async () => {
    expect(await refusal({ tasks: ["x".repeat(2 * 1024 * 1024)] })).toMatchObject([413, expect.any(String)]);
  });
});
