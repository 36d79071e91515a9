import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EnosClient } from "../../lib/enos/client.ts";
import type { Credentials } from "../../lib/enos/credentials.ts";
import { EnosError } from "../../lib/enos/errors.ts";
import { type EnosSimulator, startEnosSimulator } from "../../local/enos/simulator.ts";

const MINUTE = 60_000;
const task = { orgId: "o1", channelId: "ch-1", taskId: "t1" };

let enos: EnosSimulator;
let time: number;
let secret: Credentials;
let secretReads: number;
let client: EnosClient;

beforeEach(async () => {
  time = Date.UTC(2026, 10, 24);
  enos = await startEnosSimulator({ now: () => time });
  enos.putOrganisation({ orgId: "o1", accessKey: "ak-1", secretKey: "sk-1", channels: ["ch-1"] });
  const timeline = [{ afterMs: 0, progressCode: 3, downloadUrl: "http://files/t1.zip", dataSize: 1234 }];
  enos.putTask({ ...task, timeline });
  enos.keepLog(1000);
  secret = { accessKey: "ak-1", secretKey: "sk-1", baseUrl: enos.url, requestsPerSecond: undefined };
  secretReads = 0;
  client = newClient();
});

afterEach(() => enos.close());

function newClient(): EnosClient {
  let cached: Credentials | undefined;
  const read = async (): Promise<Credentials> => {
    secretReads++;
    cached = { ...secret };
    return cached;
  };
  return new EnosClient({
    credentials: { get: async () => cached ?? read(), refresh: read },
    now: () => time,
  });
}

const requests = () => enos.counters().requests;
const ask = () => client.getDownloadStatus(task);

async function failure(call: Promise<unknown>): Promise<EnosError> {
  const error = await call.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(EnosError);
  return error as EnosError;
}

describe("the client", () => {
  it("returns one shape, whatever the shape of EnOS's answer", async () => {
    for (const data of ["object", "list", "list-with-strangers"] as const) {
      for (const progressCode of ["integer", "string"] as const) {
        for (const dataSize of ["number", "string"] as const) {
          enos.setShape({ data, progressCode, dataSize });
          expect(await ask()).toEqual({
            ...task,
            downloadUrl: "http://files/t1.zip",
            progressCode: 3,
            progressDesc: expect.any(String),
            dataSize: 1234,
            state: "succeeded",
            terminal: true,
          });
        }
      }
    }
  });

  it("fetches one token, however many calls wait for it", async () => {
    await Promise.all(Array.from({ length: 50 }, ask));
    expect(requests()).toMatchObject({ token: 1, status: 50 });
  });

  it("renews a token when five minutes are left, and not before", async () => {
    await ask();
    time += 7200_000 - 5 * MINUTE - 1;
    await ask();
    expect(requests().token).toBe(1);
    time += 1;
    await Promise.all(Array.from({ length: 20 }, ask));
    expect(requests().token).toBe(2);
    expect(enos.counters().refused).toEqual({});
  });

  it("refreshes a token that EnOS issues shortly before it expires", async () => {
    await ask();
    time += 7200_000 - 2 * MINUTE;
    client = newClient();
    await ask();
    // One for the spent token, one for its successor; then it is good for two hours.
    expect(requests().token).toBe(3);
    time += 60 * MINUTE;
    await ask();
    expect(requests().token).toBe(3);
  });

  it("copes with short-lived tokens", async () => {
    enos.putOrganisation({
      orgId: "o1",
      accessKey: "ak-1",
      secretKey: "sk-1",
      channels: ["ch-1"],
      tokenLifetimeSeconds: 60,
    });
    await ask();
    const before = requests().token;
    time += 20_000;
    await ask();
    expect(requests().token).toBe(before);
    time += 50_000;
    await ask();
    expect(enos.counters().refused).toEqual({});
  });

  it("replaces a token that was revoked, and repeats the call once", async () => {
    await ask();
    enos.revokeTokens("o1");
    expect((await ask()).state).toBe("succeeded");
    expect(requests()).toMatchObject({ token: 2, status: 3 });
  });

  it.each([1203, 4011, 4012] as const)(
    "takes %i for an expired token, and gives up after the second",
    async (code) => {
      enos.addFault({ kind: "token-expired", endpoint: "status", code });
      expect(await failure(ask())).toMatchObject({ kind: "credentials", code });
      expect(requests()).toMatchObject({ token: 2, status: 2 });
    },
  );

  it.each([{ secretKey: "sk-2" }, { accessKey: "ak-2", secretKey: "sk-2" }])(
    "reads the secret afresh when the credentials were rotated to %j",
    async (rotated) => {
      await ask();
      enos.rotateCredentials("o1", rotated);
      secret = { ...secret, ...rotated };
      const statuses = await Promise.all(Array.from({ length: 10 }, ask));
      expect(statuses.every(({ terminal }) => terminal)).toBe(true);
    },
  );

  it("reads the secret again once, and then reports that the credentials are refused", async () => {
    enos.rotateCredentials("o1", { secretKey: "sk-2" });
    expect(await failure(ask())).toMatchObject({ kind: "credentials", code: 1003 });
    expect(secretReads).toBe(2);
  });

  it.each([502, 503, 504])("retries a gateway's %i twice, signed again each time", async (httpStatus) => {
    enos.addFault({ kind: "server-error", endpoint: "status", httpStatus, times: 2 });
    const tick = setInterval(() => time++, 1);
    expect((await ask()).terminal).toBe(true);
    clearInterval(tick);
    const log = enos.log().filter(({ endpoint }) => endpoint === "status");
    expect(log).toHaveLength(3);
    expect(log.every(({ fresh, code }) => fresh && code === 0)).toBe(true);
    expect(new Set(log.map(({ timestamp }) => timestamp)).size).toBe(3);
  });

  it("does not retry a 500", async () => {
    enos.addFault({ kind: "server-error", endpoint: "status", httpStatus: 500 });
    expect(await failure(ask())).toMatchObject({ kind: "upstream" });
    expect(requests().status).toBe(1);
  });

  it.each(["before-answer", "in-body"] as const)("retries a connection that broke %s", async (at) => {
    enos.addFault({ kind: "reset", endpoint: "status", at, times: 2 });
    expect((await ask()).terminal).toBe(true);
    enos.addFault({ kind: "reset", endpoint: "status", at });
    expect(await failure(ask())).toMatchObject({ kind: "unreachable" });
  });

  it("gets a token through a faulty gateway without repeating a request to EnOS", async () => {
    enos.addFault({ kind: "server-error", endpoint: "token", httpStatus: 503, times: 2 });
    expect((await ask()).terminal).toBe(true);
    expect(enos.counters().refused).toEqual({});
    expect(
      new Set(
        enos
          .log()
          .filter(({ endpoint }) => endpoint === "token")
          .map(({ timestamp }) => timestamp),
      ).size,
    ).toBe(3);
  });

  it("waits out a traffic limit that fits the budget, and passes on one that does not", async () => {
    enos.addFault({ kind: "rate-limit", endpoint: "status", retryAfterSeconds: 1, times: 1 });
    expect((await ask()).terminal).toBe(true);
    enos.addFault({ kind: "rate-limit", endpoint: "status", retryAfterSeconds: 60 });
    expect(await failure(ask())).toMatchObject({ kind: "throttled", retryAfterSeconds: 60 });
    const impatient = client.getDownloadStatus(task, { singleAttempt: true });
    expect(await failure(impatient)).toMatchObject({ kind: "throttled" });
  });

  it.each([
    { kind: "garbage" },
    { kind: "empty-body" },
    { kind: "wrong-content-type", body: "html" },
    { kind: "wrong-task" },
    { kind: "strangers", includeTask: false },
    { kind: "huge-body" },
    { kind: "huge-body", contentLength: true },
  ] as const)("refuses %j", async (fault) => {
    enos.addFault({ ...fault, endpoint: "status" });
    expect(await failure(ask())).toMatchObject({ kind: "malformed" });
  });

  it("accepts a valid answer, whatever its content type or additional fields", async () => {
    enos.addFault({ kind: "wrong-content-type", body: "answer", endpoint: "status", times: 1 });
    expect((await ask()).state).toBe("succeeded");
    enos.addFault({ kind: "strangers", includeTask: true, endpoint: "status", times: 1 });
    expect((await ask()).state).toBe("succeeded");
    enos.addFault({ kind: "unknown-code", endpoint: "status", times: 1 });
    expect(await ask()).toMatchObject({ state: "unknown", progressCode: 42, terminal: false });
  });

  it("aborts a call on request, whatever it is waiting for", async () => {
    await ask();
    for (const fault of [{ kind: "hang" }, { kind: "slow-body", everyMs: 1000 }] as const) {
      const id = enos.addFault({ ...fault, endpoint: "status" });
      const controller = new AbortController();
      const call = client.getDownloadStatus(task, { signal: controller.signal });
      setTimeout(() => controller.abort(), 50);
      expect(await failure(call)).toMatchObject({ kind: "timeout" });
      enos.removeFault(id);
    }
    expect((await ask()).terminal).toBe(true);
  });

  it("ends a call when its budget is used up, even if bytes keep arriving", async () => {
    await ask();
    enos.addFault({ kind: "slow-body", everyMs: 200, endpoint: "status" });
    expect(await failure(ask())).toMatchObject({ kind: "timeout" });
  });

  it("reports that the gateway is unreachable", async () => {
    await enos.close();
    expect(await failure(ask())).toMatchObject({ kind: "unreachable", isConnected: false });
  });

  it("throws no errors that contain a key or a token", async () => {
    await ask();
    for (const fault of [
      { kind: "garbage" },
      { kind: "refused" },
      { kind: "reset", at: "in-body" },
    ] as const) {
      enos.clearFaults();
      enos.addFault(fault);
      const error = await failure(ask());
      const text = `${error.stack} ${JSON.stringify({ ...error })} ${error.cause}`;
      for (const canary of ["ak-1", "sk-1"]) expect(text).not.toContain(canary);
    }
  });
});
