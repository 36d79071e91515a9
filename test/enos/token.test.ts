import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EnosClient } from "../../lib/enos/client.ts";
import { http, RawGateway } from "./raw-gateway.ts";

const TASK = { orgId: "o1", channelId: "ch-1", taskId: "t1" };
const MINUTE = 60_000;

let gateway: RawGateway;
let time: number;
let client: EnosClient;
/** What is told to a request for a token, and to one for its renewal. */
let answers: { get: unknown; refresh: unknown };

beforeEach(async () => {
  gateway = await RawGateway.start();
  time = Date.UTC(2026, 10, 24);
  answers = { get: token("first"), refresh: token("second") };
  gateway.token = (socket, { path }) => {
    const data = answers[path.endsWith("/get") ? "get" : "refresh"];
    if (data !== undefined) socket.write(http("200 OK", JSON.stringify(data)));
  };
  const { credentials } = gateway;
  client = new EnosClient({
    credentials: { get: async () => credentials, refresh: async () => credentials },
    now: () => time,
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await gateway[Symbol.asyncDispose]();
});

const token = (accessToken: string, expire = 7200) => ({ status: 0, data: { accessToken, expire } });
const ask = (options?: object) => client.getDownloadStatus(TASK, options);
/** The token of the last status request. */
const used = () => /apim-accesstoken: (\S+)/.exec(gateway.of("status").at(-1)?.head ?? "")?.[1];
const asked = () => gateway.of("token").map(({ path }) => path.split("/").at(-1));
const timestamps = () => gateway.of("token").map(({ body }) => Number(JSON.parse(body).timestamp));

describe("a token answer", () => {
  it.each([
    ["nothing", null],
    ["a list", []],
    ["no token", { expire: 7200 }],
    ["an empty token", { accessToken: "", expire: 7200 }],
    ["a token that is no text", { accessToken: { a: 1 }, expire: 7200 }],
    ["a token that would add a header", { accessToken: "a\r\nhost: other.example", expire: 7200 }],
    ["a token that no header can carry", { accessToken: "ab\u{1F600}", expire: 7200 }],
    ["no life time", { accessToken: "abc" }],
    ["a life time that is no number", { accessToken: "abc", expire: "soon" }],
  ])("with %s is malformed", async (_, answer) => {
    answers.get = { status: 0, data: answer };
    await expect(ask()).rejects.toMatchObject({ kind: "malformed" });
  });
});

describe("a token", () => {
  it.each([
    ["is refused", { status: 1003 }],
    ["is limited", { status: 429 }],
    ["fails", { status: 1204 }],
    ["is answered with something else", { message: "no" }],
  ])("stays in use as long as it is good where its renewal %s", async (_, refusal) => {
    await ask();
    answers.refresh = refusal;
    time += 116 * MINUTE;
    for (const singleAttempt of [true, false, true]) {
      expect((await ask({ singleAttempt })).state).toBe("succeeded");
      expect(used()).toBe("first");
    }
    // Not with each call.
    expect(asked()).toEqual(["get", "refresh"]);
    time += MINUTE / 2;
    await ask();
    expect(asked()).toEqual(["get", "refresh", "refresh"]);
    answers.refresh = token("second");
    time += MINUTE / 2;
    await ask();
    expect(used()).toBe("second");
    expect(asked()).toEqual(["get", "refresh", "refresh", "refresh"]);
  });

  it("is used after a while if its renewal gets no answer", async () => {
    await ask();
    answers.refresh = undefined;
    time += 116 * MINUTE;
    expect((await ask()).state).toBe("succeeded");
    expect(used()).toBe("first");
  });

  it("is replaced if it could not be renewed before it expired", async () => {
    await ask();
    answers = { get: token("third"), refresh: { status: 1204 } };
    time += 119.9 * MINUTE;
    await ask();
    expect(used()).toBe("third");
    expect(asked()).toEqual(["get", "get"]);
  });

  it("is renewed if EnOS returns it again after refusing it", async () => {
    gateway.status = (socket, { head }) => {
      socket.write(http(/apim-accesstoken: first/.test(head) ? "401 X" : "200 OK"));
    };
    expect((await ask()).state).toBe("succeeded");
    expect(asked()).toEqual(["get", "get", "refresh"]);
    await ask();
    expect(asked()).toHaveLength(3);
  });

  it("is renewed in time according to the monotonic clock", async () => {
    await ask();
    const before = performance.now();
    time -= 60 * MINUTE;
    vi.spyOn(performance, "now").mockReturnValue(before + 116 * MINUTE);
    await ask();
    expect(used()).toBe("second");
  });

  it("is requested again after a freeze", async () => {
    answers.get = undefined;
    const frozen = ask({ signal: AbortSignal.timeout(100) });
    await expect(frozen).rejects.toMatchObject({ kind: "timeout" });
    answers.get = token("first");
    time += MINUTE;
    expect((await ask()).state).toBe("succeeded");
    expect(asked()).toEqual(["get", "get"]);
  });
});

describe("the timestamp of a token request", () => {
  beforeEach(() => {
    // Each call needs a token of its own.
    let times = 0;
    gateway.status = (socket) => socket.write(http(times++ % 2 ? "200 OK" : "401 X"));
  });

  it("is never the same twice, even if the clock stands still", async () => {
    for (let times = 0; times < 5; times++) await ask();
    expect(timestamps().length).toBeGreaterThan(5);
    expect(new Set(timestamps()).size).toBe(timestamps().length);
    for (const timestamp of timestamps()) expect(timestamp - time).toBeLessThan(timestamps().length);
  });

  it("follows a clock that was ahead and is corrected", async () => {
    time += 10 * MINUTE;
    await ask();
    time -= 10 * MINUTE;
    await ask();
    expect(timestamps().at(-1)).toBe(time);
  });
});
