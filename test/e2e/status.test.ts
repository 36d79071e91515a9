import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { taskPath } from "../../lib/tasks/key.ts";
import type { Fault } from "../../local/enos/input.ts";
import type { ServiceAnswer } from "../../local/service/client.ts";
import { newTask, outcome, type ServiceUnderTest, startService } from "./service.ts";

const RUNNING = [{ afterMs: 0, progressCode: 1 }];

let under: ServiceUnderTest;
/** Lookups that take all of their ten seconds, and run beside the other tests. */
let slow: Record<"hang" | "slow-body" | "token", Promise<ServiceAnswer<unknown>>>;

beforeAll(async () => {
  under = await startService();
  slow = {
    hang: lookUpUnder({ kind: "hang", endpoint: "status" }),
    "slow-body": lookUpUnder({ kind: "slow-body", endpoint: "status", everyMs: 400 }),
    token: lookUpUnder({ kind: "hang", endpoint: "token" }),
  };
});

afterAll(() => under[Symbol.asyncDispose]());

/** A lookup under a fault, with an organisation of its own. */
async function lookUpUnder(fault: Fault): Promise<ServiceAnswer<unknown>> {
  const orgId = await under.organisation();
  under.enos.addFault({ ...fault, orgId });
  return under.service.client.status(newTask(under.enos, orgId, RUNNING));
}

describe("a task that EnOS knows", () => {
  test.each([
    [0, "waiting", false],
    [1, "running", false],
    [2, "failed", true],
    [3, "succeeded", true],
    [4, "cancelling", false],
    [5, "cancelled", true],
    [6, "expiring", false],
    [7, "expired", true],
    [42, "unknown", false],
  ])("with progressCode %i is %s", async (progressCode, state, terminal) => {
    const { enos, service } = under;
    const hasFile = progressCode === 3;
    const file = hasFile
      ? { downloadUrl: "http://files.enos.example/a.zip", dataSize: 1234 }
      : { downloadUrl: null, dataSize: null };
    const task = newTask(enos, await under.organisation(), [
      { afterMs: 0, progressCode, progressDesc: "as it goes", ...file },
    ]);
    const { status, envelope } = await service.client.status(task);
    expect(status).toBe(200);
    expect(envelope).toEqual({
      code: 0,
      msg: "success",
      requestId: expect.any(String),
      data: { ...task, ...file, progressCode, progressDesc: "as it goes", state, terminal },
    });
  });

  test("has the same path as on EnOS", async () => {
    const { enos, service } = under;
    const task = newTask(enos, await under.organisation(), RUNNING);
    const path = `/data-federation/v2.0/channels/read/ch-dee0c5/download/${task.taskId}/status?orgId=${task.orgId}`;
    expect(outcome(await service.client.request("GET", path))).toEqual([200, 0]);
  });
});

describe("headers", () => {
  const SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "content-type": "application/json; charset=utf-8",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };

  test.each([200, 400, 403, 404, 502])("of a %i", async (wanted) => {
    const { enos, service } = under;
    const orgId = await under.organisation();
    if (wanted === 502) enos.addFault({ kind: "garbage", endpoint: "status", orgId });
    const task = newTask(enos, orgId, wanted === 404 ? undefined : RUNNING);
    if (wanted === 400) task.taskId = "a.b";
    if (wanted === 403) task.orgId = "nobody";
    const { status, headers } = await service.client.status(task);
    expect(status).toBe(wanted);
    expect(Object.fromEntries(headers)).toMatchObject(SECURITY);
  });
});

describe("400: what the caller sends is wrong", () => {
  const task = { channelId: "ch-1", taskId: "t1" };
  test.each([
    ["no orgId", `${taskPath(task)}/status`, "orgId is missing"],
    ["an empty orgId", `${taskPath(task)}/status?orgId=`, "orgId is missing"],
    ["two orgIds", `${taskPath(task)}/status?orgId=a&orgId=b`, "orgId is given 2 times"],
    ["the same orgId twice", `${taskPath(task)}/status?orgId=a&orgId=a`, "orgId is given 2 times"],
    ["a path as orgId", `${taskPath(task)}/status?orgId=..%2Fo2`, "orgId may have"],
    ["an orgId of 129", `${taskPath(task)}/status?orgId=${"o".repeat(129)}`, "orgId may have"],
    [
      "a dot in channelId",
      `${taskPath({ ...task, channelId: "ch.1" })}/status?orgId=a`,
      "channelId may have",
    ],
    ["a slash in taskId", `${taskPath({ ...task, taskId: "t%2F1" })}/status?orgId=a`, "taskId may have"],
  ])("%s", async (_what, path, msg) => {
    const { status, envelope } = await under.service.client.request("GET", path);
    expect(status).toBe(400);
    expect(envelope).toEqual({
      code: 99400,
      msg: expect.stringContaining(msg),
      requestId: expect.any(String),
      data: null,
    });
  });
});

test("403: the organisation has no secret here", async () => {
  const answer = await under.service.client.status({ orgId: "nobody", channelId: "c", taskId: "t" });
  expect(outcome(answer)).toEqual([403, 99403]);
});

describe("what EnOS answers", () => {
  const status = { endpoint: "status" } as const;
  test.each<[what: string, fault: Fault, httpStatus: number, code: number]>([
    ["99400", { ...status, kind: "error", code: 99400 }, 400, 99400],
    ["99403", { ...status, kind: "error", code: 99403 }, 403, 99403],
    ["81400", { ...status, kind: "error", code: 81400 }, 400, 81400],
    ["81404", { ...status, kind: "error", code: 81404 }, 404, 81404],
    ["81404 as apim_status", { ...status, kind: "error", code: 81404, field: "apim_status" }, 404, 81404],
    ["99409 with HTTP 200", { ...status, kind: "error", code: 99409, httpStatus: 200 }, 409, 99409],
    ["99401", { ...status, kind: "error", code: 99401 }, 502, 99401],
    ["1002", { ...status, kind: "refused", code: 1002 }, 502, 1002],
    ["1003", { ...status, kind: "refused", code: 1003 }, 502, 1003],
    ["a token that is always expired", { ...status, kind: "token-expired" }, 502, 4011],
    ["81500", { ...status, kind: "error", code: 81500 }, 502, 81500],
    ["99500", { ...status, kind: "error", code: 99500 }, 502, 99500],
    ["1005 to the token request", { endpoint: "token", kind: "error", code: 1005 }, 502, 1005],
    [
      "1001 to the token request, then all is well",
      { endpoint: "token", kind: "error", code: 1001, times: 1 },
      200,
      0,
    ],
    ["HTTP 500", { ...status, kind: "server-error", httpStatus: 500, body: "empty" }, 502, 99502],
    [
      "HTTP 503, three times",
      { ...status, kind: "server-error", httpStatus: 503, body: "empty" },
      502,
      99502,
    ],
    ["a reset, three times", { ...status, kind: "reset", at: "before-answer" }, 502, 99502],
    ["half a JSON text", { ...status, kind: "garbage" }, 502, 99502],
    ["a page of HTML", { ...status, kind: "wrong-content-type", body: "html" }, 502, 99502],
    ["nothing", { ...status, kind: "empty-body" }, 502, 99502],
    ["2 MiB", { ...status, kind: "huge-body" }, 502, 99502],
    ["another task", { ...status, kind: "wrong-task" }, 502, 99502],
    ["a list without the task", { ...status, kind: "strangers", includeTask: false }, 502, 99502],
    ["a list with the task", { ...status, kind: "strangers", includeTask: true }, 200, 0],
    ["HTTP 503, then all is well", { ...status, kind: "server-error", httpStatus: 503, times: 2 }, 200, 0],
    ["a reset, then all is well", { ...status, kind: "reset", at: "in-body", times: 1 }, 200, 0],
  ])("%s", async (_what, fault, httpStatus, code) => {
    const answer = await lookUpUnder(fault);
    expect(outcome(answer)).toEqual([httpStatus, code]);
    if (code !== 0) expect(answer.envelope).toMatchObject({ requestId: expect.any(String), data: null });
  });

  test("99404 for a task that it does not know", async () => {
    const { enos, service } = under;
    const task = newTask(enos, await under.organisation());
    expect(outcome(await service.client.status(task))).toEqual([404, 99404]);
  });
});

describe("429: EnOS limits traffic", () => {
  const limit = { kind: "rate-limit", endpoint: "status" } as const;

  test("Retry-After beyond the budget is passed on", async () => {
    const answer = await lookUpUnder({ ...limit, retryAfterSeconds: 60 });
    expect(outcome(answer)).toEqual([429, 99429]);
    expect(answer.headers.get("retry-after")).toBe("60");
  });

  test("as a date, it is passed on in seconds", async () => {
    const answer = await lookUpUnder({ ...limit, retryAfterSeconds: 60, retryAfterForm: "http-date" });
    expect(outcome(answer)).toEqual([429, 99429]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(55);
    expect(Number(answer.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  });

  test("without one, callers still learn when to retry", async () => {
    const answer = await lookUpUnder(limit);
    expect(outcome(answer)).toEqual([429, 99429]);
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  });

  test("within the budget it is waited out", async () => {
    const answer = await lookUpUnder({ ...limit, retryAfterSeconds: 1, times: 1 });
    expect(outcome(answer)).toEqual([200, 0]);
  });
});

describe("credentials", () => {
  test("a token that ends between two lookups is replaced", async () => {
    const { enos, service } = under;
    const task = newTask(enos, await under.organisation(), RUNNING);
    expect(outcome(await service.client.status(task))).toEqual([200, 0]);
    enos.revokeTokens(task.orgId);
    expect(outcome(await service.client.status(task))).toEqual([200, 0]);
  });

  test.each(["accessKey", "secretKey"] as const)("a rotated %s is read from the secret", async (which) => {
    const { enos, service } = under;
    const task = newTask(enos, await under.organisation(), RUNNING);
    expect(outcome(await service.client.status(task))).toEqual([200, 0]);
    const old = { accessKey: `key-of-${task.orgId}`, secretKey: "example-secret-key" };
    const rotated = { ...old, [which]: `rotated-${task.orgId}` };
    enos.rotateCredentials(task.orgId, rotated);
    const [status] = outcome(await service.client.status(task));
    expect(status).toBe(502);
    await service.cloud.putSecret(task.orgId, rotated);
    expect(outcome(await service.client.status(task))).toEqual([200, 0]);
  });

  test("a secret may name a gateway of its own", async () => {
    const { enos, service } = under;
    const orgId = await under.organisation();
    const credentials = { accessKey: `key-of-${orgId}`, secretKey: "example-secret-key" };
    await service.cloud.putSecret(orgId, {
      ...credentials,
      baseUrl: enos.url.replace("127.0.0.1", "localhost"),
    });
    // The simulator listens on 127.0.0.1 only, which is where localhost leads here.
    expect(outcome(await service.client.status(newTask(enos, orgId, RUNNING)))).toEqual([200, 0]);
    await service.cloud.putSecret("o-elsewhere", { ...credentials, baseUrl: "http://127.0.0.1:9" });
    const unreachable = newTask(enos, "o-elsewhere");
    expect(outcome(await service.client.status(unreachable))).toEqual([502, 99502]);
  });
});

test("500: callers do not learn what is wrong with a secret", async () => {
  await under.service.cloud.putSecret("o-broken", { accessKey: "a", secretKey: "" });
  const { status, envelope } = await under.service.client.status({
    orgId: "o-broken",
    channelId: "c",
    taskId: "t",
  });
  expect(status).toBe(500);
  expect(envelope).toEqual({
    code: 99500,
    msg: "internal error",
    requestId: expect.any(String),
    data: null,
  });
});

// Last, since by now they have had their time.
test.each(["hang", "slow-body", "token"] as const)("504: no answer in time (%s)", async (which) => {
  expect(outcome(await slow[which])).toEqual([504, 99504]);
});
