import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "../../../local/enos/input.ts";
import { type EnosSimulator, startEnosSimulator } from "../../../local/enos/simulator.ts";
import { RawClient, send } from "./raw-client.ts";

let enos: EnosSimulator;
let client: RawClient;
let token: string;
let draw = 0;

beforeEach(async () => {
  enos = await startEnosSimulator({ random: () => draw });
  enos.setShape({ data: "object", errorField: "documented", errorHttpStatus: "ok" });
  for (const org of ["1", "2"]) {
    enos.putOrganisation({ orgId: `o${org}`, accessKey: `key${org}`, secretKey: `secret${org}` });
    enos.setAnyTask(`o${org}`, { timelines: [[{ afterMs: 0, progressCode: 1 }]] });
  }
  client = new RawClient(enos.url, "key1", "secret1");
  token = await client.token();
});

afterEach(() => enos.close());

async function faulty(fault: Fault) {
  enos.addFault({ ...fault, endpoint: "status", times: 1 });
  return client.status(token, "t1");
}

describe("each fault", () => {
  it("latency delays the answer", async () => {
    const started = performance.now();
    expect((await faulty({ kind: "latency", ms: 150 })).json.code).toBe(0);
    expect(performance.now() - started).toBeGreaterThan(140);
  });

  it("hang never answers", async () => {
    enos.addFault({ kind: "hang", times: 1 });
    await expect(client.status(token, "t1", { timeoutMs: 300 })).rejects.toThrow(/abort/i);
    expect((await client.status(token, "t1")).json.code).toBe(0);
  });

  it("rate-limit is a 429 with Retry-After in seconds, as a date, or without", async () => {
    const seconds = await faulty({ kind: "rate-limit", retryAfterSeconds: 7 });
    expect([seconds.httpStatus, seconds.headers["retry-after"]]).toEqual([429, "7"]);
    const date = await faulty({ kind: "rate-limit", retryAfterSeconds: 60, retryAfterForm: "http-date" });
    expect(date.headers["retry-after"]).toMatch(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/);
    const without = await faulty({ kind: "rate-limit" });
    expect([without.httpStatus, without.headers["retry-after"]]).toEqual([429, undefined]);
  });

  it.each([500, 502, 503, 504, 599])("server-error answers %i", async (httpStatus) => {
    const json = await faulty({ kind: "server-error", httpStatus });
    expect([json.httpStatus, json.json.code]).toEqual([httpStatus, 99500]);
    const empty = await faulty({ kind: "server-error", httpStatus, body: "empty" });
    expect([empty.httpStatus, empty.text]).toEqual([httpStatus, ""]);
  });

  it.each([
    [400, "Cannot process request body"],
    [401, "Invalid authentication credentials"],
    [403, "Your IP address is not allowed"],
    [413, "Request size limit exceeded"],
    [429, "API rate limit exceeded"],
    [500, "An unexpected error occurred"],
    [503, "Service unavailable"],
  ] as const)("gateway-refusal answers %i without a code", async (httpStatus, message) => {
    const { json, ...answer } = await faulty({ kind: "gateway-refusal", httpStatus });
    expect([answer.httpStatus, json]).toEqual([httpStatus, { message }]);
  });

  it("reset breaks the connection before the answer", async () => {
    await expect(faulty({ kind: "reset", at: "before-answer" })).rejects.toMatchObject({
      code: "ECONNRESET",
    });
  });

  it("reset breaks the connection in the middle of the body", async () => {
    enos.addFault({ kind: "reset", at: "in-body", times: 1 });
    const response = await fetch(client.statusUrl("ch1", "t1", "o1"), {
      headers: client.headers(token, "orgIdo1"),
    });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it("garbage is not JSON, but has its content type", async () => {
    const answer = await faulty({ kind: "garbage" });
    expect(answer.headers["content-type"]).toMatch("application/json");
    expect([answer.json, answer.text.length > 0]).toEqual([undefined, true]);
  });

  it("wrong-content-type is a page, or the answer under another type", async () => {
    const page = await faulty({ kind: "wrong-content-type" });
    expect([page.headers["content-type"], page.json]).toEqual(["text/html", undefined]);
    const answer = await faulty({ kind: "wrong-content-type", body: "answer" });
    expect([answer.headers["content-type"], answer.json.code]).toEqual(["text/html", 0]);
  });

  it("empty-body is 200 and nothing", async () => {
    const answer = await faulty({ kind: "empty-body" });
    expect([answer.httpStatus, answer.text]).toEqual([200, ""]);
  });

  it("slow-body drips: the head comes long before the end", async () => {
    enos.addFault({ kind: "slow-body", everyMs: 2, times: 1 });
    const response = await fetch(client.statusUrl("ch1", "t1", "o1"), {
      headers: client.headers(token, "orgIdo1"),
    });
    let chunks = 0;
    let text = "";
    for await (const chunk of response.body ?? []) {
      chunks += 1;
      text += Buffer.from(chunk).toString();
    }
    expect(chunks).toBeGreaterThan(5);
    expect(JSON.parse(text).code).toBe(0);
  });

  it("huge-body is valid but larger than a mebibyte, with or without a content length", async () => {
    const unsaid = await faulty({ kind: "huge-body" });
    expect(unsaid.text.length).toBe(2 * 1024 * 1024);
    expect([unsaid.json.code, unsaid.headers["content-length"]]).toEqual([0, undefined]);
    const said = await faulty({ kind: "huge-body", bytes: 1_100_000, contentLength: true });
    expect(said.headers["content-length"]).toBe("1100000");
  });

  it("wrong-task answers for another task", async () => {
    const { json } = await faulty({ kind: "wrong-task" });
    expect(json.data.taskId).toEqual(expect.not.stringMatching(/^t1$/));
  });

  it("strangers answers with a list of others, with the task among them or not", async () => {
    const ids = (answer: { json: { data: { taskId: string }[] } }) =>
      answer.json.data.map((each) => each.taskId);
    const among = ids(await faulty({ kind: "strangers", includeTask: true }));
    expect([among.length, among.includes("t1")]).toEqual([3, true]);
    const without = ids(await faulty({ kind: "strangers", includeTask: false }));
    expect([without.length, without.includes("t1")]).toEqual([2, false]);
  });

  it("unknown-code gives a code that is in no table", async () => {
    expect(Number((await faulty({ kind: "unknown-code" })).json.data.progressCode)).toBe(42);
    const minus = await faulty({ kind: "unknown-code", progressCode: -1 });
    expect(Number(minus.json.data.progressCode)).toBe(-1);
  });

  it.each([4011, 4012, 1203] as const)("token-expired ends the token with %i", async (code) => {
    expect((await faulty({ kind: "token-expired", code })).json.status).toBe(code);
    expect((await client.status(token, "t1")).json.status).toBe(4011);
    expect(await client.token()).not.toBe(token);
  });

  it("refused refuses credentials that are right", async () => {
    expect((await faulty({ kind: "refused" })).json.status).toBe(1003);
    expect((await faulty({ kind: "refused", code: 1002 })).json.status).toBe(1002);
  });

  it("error gives any code, in any field, under any HTTP status", async () => {
    expect((await faulty({ kind: "error", code: 81500 })).json.code).toBe(81500);
    const answer = await faulty({ kind: "error", code: 81500, field: "apim_status", httpStatus: 500 });
    expect([answer.httpStatus, answer.json.apim_status]).toEqual([500, 81500]);
  });
});

describe("a fault", () => {
  const fails = async (of: RawClient, ofToken: string, taskId: string, channelId: string, orgId: string) =>
    (await of.status(ofToken, taskId, { channelId, orgId })).httpStatus === 503;
  const broken = { kind: "server-error", httpStatus: 503 } as const;

  it("affects only the organisation, channel, task and endpoint that it names", async () => {
    const other = new RawClient(enos.url, "key2", "secret2");
    const otherToken = await other.token();
    const ask = async () => [
      await fails(client, token, "t1", "ch1", "o1"),
      await fails(client, token, "t2", "ch1", "o1"),
      await fails(client, token, "t1", "ch2", "o1"),
      await fails(other, otherToken, "t1", "ch1", "o2"),
    ];
    const only = async (selection: Partial<Fault>) => {
      const id = enos.addFault({ ...broken, ...selection } as Fault);
      const result = await ask();
      enos.removeFault(id);
      return result;
    };
    expect(await only({})).toEqual([true, true, true, true]);
    expect(await only({ orgId: "o1" })).toEqual([true, true, true, false]);
    expect(await only({ channelId: "ch1" })).toEqual([true, true, false, true]);
    expect(await only({ orgId: "o1", channelId: "ch1", taskId: "t1" })).toEqual([true, false, false, false]);
    expect(await only({ endpoint: "token" })).toEqual([false, false, false, false]);
  });

  it("at the token endpoint is selected by the organisation of the access key", async () => {
    enos.addFault({ ...broken, endpoint: "token", orgId: "o1" });
    expect((await client.postToken(client.tokenBody())).httpStatus).toBe(503);
    const other = new RawClient(enos.url, "key2", "secret2");
    expect((await other.postToken(other.tokenBody())).httpStatus).toBe(200);
  });

  it("ends after the given number of times", async () => {
    enos.addFault({ ...broken, times: 2 });
    const statuses = [];
    for (let index = 0; index < 3; index++) statuses.push((await client.status(token, "t1")).httpStatus);
    expect(statuses).toEqual([503, 503, 200]);
    expect(enos.faults()).toEqual([]);
    expect(enos.counters().faults).toEqual({ "server-error": 2 });
  });

  it("occurs with its probability", async () => {
    enos.addFault({ ...broken, probability: 0.25 });
    draw = 0.24;
    expect((await client.status(token, "t1")).httpStatus).toBe(503);
    draw = 0.25;
    expect((await client.status(token, "t1")).httpStatus).toBe(200);
  });

  it("in front of the service changes nothing there", async () => {
    const body = client.tokenBody();
    enos.addFault({ ...broken, endpoint: "token", times: 1 });
    expect((await client.postToken(body)).httpStatus).toBe(503);
    expect((await client.postToken(body)).httpStatus).toBe(200);
  });

  it("hides no bad signature from the log", async () => {
    enos.keepLog(10);
    enos.addFault(broken);
    const headers = client.headers(token, "orgIdo1");
    const url = client.statusUrl("ch1", "t1", "o1");
    await send(url, { headers });
    await send(url, { headers });
    await client.status(token, "t1", { headers: { "apim-signature": "wrong" } });
    expect(enos.log().map(({ fresh, code, fault }) => ({ fresh, code, fault }))).toEqual([
      { fresh: true, code: 0, fault: "server-error" },
      { fresh: false, code: 0, fault: "server-error" },
      { fresh: true, code: 1003, fault: "server-error" },
    ]);
    const text = JSON.stringify(enos.log());
    expect(text).toContain(headers["apim-timestamp"]);
    for (const secret of [token, "secret1", headers["apim-signature"]]) expect(text).not.toContain(secret);
  });
});
