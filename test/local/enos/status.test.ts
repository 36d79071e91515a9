import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EnosSimulator, startEnosSimulator } from "../../../local/enos/simulator.ts";
import { RawClient, send, sha256 } from "./raw-client.ts";

let clock = 1_800_000_000_000;
let enos: EnosSimulator;
let client: RawClient;
let token: string;

beforeEach(async () => {
  enos = await startEnosSimulator({ now: () => clock });
  enos.putOrganisation({ orgId: "o1", accessKey: "key1", secretKey: "secret1", channels: ["ch1"] });
  enos.putOrganisation({ orgId: "o2", accessKey: "key2", secretKey: "secret2", channels: ["ch2"] });
  enos.putTask({
    orgId: "o1",
    channelId: "ch1",
    taskId: "t1",
    timeline: [
      { afterMs: 0, progressCode: 0 },
      { afterMs: 2_000, progressCode: 1, progressDesc: "at it" },
      { afterMs: 6_000, progressCode: 3, downloadUrl: "http://f/{taskId}.zip", dataSize: 7 },
      { afterMs: 9_000, progressCode: 7 },
    ],
  });
  client = new RawClient(enos.url, "key1", "secret1", () => clock);
  token = await client.token();
});

afterEach(() => enos.close());

const plain = {
  data: "object",
  progressCode: "integer",
  dataSize: "number",
  missingUrl: "absent",
  requestId: "absent",
  errorField: "documented",
  errorHttpStatus: "ok",
} as const;

describe("a task's timeline", () => {
  it("follows the clock", async () => {
    enos.setShape(plain);
    const ask = async () => (await client.status(token, "t1")).json;
    expect(await ask()).toEqual({
      code: 0,
      msg: "OK",
      data: { taskId: "t1", progressCode: 0, progressDesc: "waiting" },
    });
    clock += 2_000;
    expect((await ask()).data).toEqual({ taskId: "t1", progressCode: 1, progressDesc: "at it" });
    clock += 4_000;
    expect((await ask()).data).toEqual({
      taskId: "t1",
      downloadUrl: "http://f/t1.zip",
      progressCode: 3,
      progressDesc: "success",
      dataSize: 7,
    });
    clock += 3_000;
    expect((await ask()).data).toEqual({ taskId: "t1", progressCode: 7, progressDesc: "expired" });
  });

  it("plays for any id if configured, but not for one that was removed", async () => {
    enos.setShape(plain);
    enos.setAnyTask("o1", {
      timelines: [[{ afterMs: 0, progressCode: 1 }], [{ afterMs: 0, progressCode: 2 }]],
    });
    const codes = new Set<number>();
    for (let index = 0; index < 20; index++) {
      codes.add((await client.status(token, `any-${index}`)).json.data.progressCode);
    }
    expect(codes).toEqual(new Set([1, 2]));
    enos.removeTask("o1", "ch1", "any-3");
    expect((await client.status(token, "any-3")).json.code).toBe(99404);
  });

  it("works for 100,000 tasks", async () => {
    const taskIds = Array.from({ length: 100_000 }, (_, index) => `bulk-${index}`);
    const body = JSON.stringify({
      orgId: "o1",
      channelId: "ch1",
      taskIds,
      timelines: [[{ afterMs: 0, progressCode: 2 }], [{ afterMs: 0, progressCode: 5 }]],
      shape: plain,
    });
    const put = await send(`${enos.url}/_admin/tasks`, { method: "PUT", body });
    expect(put.httpStatus).toBe(204);
    expect((await client.status(token, "bulk-0")).json.data.progressCode).toBe(2);
    expect((await client.status(token, "bulk-99999")).json.data.progressCode).toBe(5);
  });
});

describe("a status request", () => {
  const withHeader = (name: string, value: string) => ({ headers: { [name]: value } });

  it.each([
    ["no token", 1202, withHeader("apim-accesstoken", "")],
    ["no timestamp", 1202, withHeader("apim-timestamp", "")],
    ["no signature", 1202, withHeader("apim-signature", "")],
    ["a timestamp that is no number", 1004, withHeader("apim-timestamp", "now")],
    ["a timestamp of long ago", 1004, withHeader("apim-timestamp", "1572574909697")],
    ["an unknown token", 4011, withHeader("apim-accesstoken", "made-up")],
    ["a wrong signature", 1003, withHeader("apim-signature", sha256("something"))],
    ["another organisation", 99403, { orgId: "o2" }],
    ["an unknown channel", 81404, { channelId: "ch9" }],
    ["another organisation's channel", 81400, { channelId: "ch2" }],
  ])("with %s is refused with %i", async (_what, code, options) => {
    enos.setShape(plain);
    const { json } = await client.status(token, "t1", options);
    expect(json.status ?? json.code).toBe(code);
    expect(json.data).toBeNull();
    expect(enos.counters().refused).toEqual({ [code]: 1 });
  });

  it("for an unknown task is refused with 99404", async () => {
    enos.setShape(plain);
    expect((await client.status(token, "t9")).json.code).toBe(99404);
    enos.removeTask("o1", "ch1", "t1");
    expect((await client.status(token, "t1")).json.code).toBe(99404);
  });

  it("with an expired token is refused with 4011", async () => {
    enos.setShape(plain);
    clock += 7_200_000;
    expect((await client.status(token, "t1")).json.status).toBe(4011);
  });

  it("without an orgId, or with two, is refused with 99400", async () => {
    enos.setShape(plain);
    const base = client.statusUrl("ch1", "t1", "o1");
    const none = await send(base.replace("?orgId=o1", ""), { headers: client.headers(token, "") });
    expect(none.json.code).toBe(99400);
    const two = await send(`${base}&orgId=o1`, { headers: client.headers(token, "orgIdo1orgIdo1") });
    expect(two.json.code).toBe(99400);
  });

  it("is signed over all of its query, sorted and decoded", async () => {
    enos.setShape(plain);
    const url = `${client.statusUrl("ch1", "t1", "o1")}&alpha=2%203&Zeta=1`;
    const good = await send(url, { headers: client.headers(token, "Zeta1alpha2 3orgIdo1") });
    expect(good.json.code).toBe(0);
    const unsorted = await send(url, { headers: client.headers(token, "orgIdo1alpha2 3Zeta1") });
    expect(unsorted.json.status).toBe(1003);
  });
});

describe("the shapes of an answer", () => {
  it("are those of the documents, constant for a task, and all occur across tasks", async () => {
    const taskIds = Array.from({ length: 150 }, (_, index) => `shape-${index}`);
    const timelines = [[{ afterMs: 0, progressCode: 3 }], [{ afterMs: 0, progressCode: 1 }]];
    enos.putTasks({ orgId: "o1", channelId: "ch1", taskIds, timelines });
    const met = new Set<string>();
    for (const taskId of taskIds) {
      const { json } = await client.status(token, taskId);
      const { requestId: _, ...first } = json;
      const { requestId: __, ...second } = (await client.status(token, taskId)).json;
      expect(second).toEqual(first);
      met.add("requestId" in json ? "requestId" : "no requestId");
      const entries = Array.isArray(json.data) ? json.data : [json.data];
      met.add(Array.isArray(json.data) ? `list of ${entries.length}` : "object");
      const entry = entries.find((each: { taskId: string }) => each.taskId === taskId);
      met.add(`code ${typeof entry.progressCode}`);
      const isDone = Number(entry.progressCode) === 3;
      if (isDone) met.add(`size ${typeof entry.dataSize}`);
      else met.add("downloadUrl" in entry ? `url ${JSON.stringify(entry.downloadUrl)}` : "url absent");
    }
    expect([...met].sort()).toEqual([
      "code number",
      "code string",
      "list of 1",
      "list of 3",
      "no requestId",
      "object",
      "requestId",
      "size number",
      "size string",
      "size undefined",
      'url ""',
      "url absent",
      "url null",
    ]);
  });

  it("can be chosen for one task", async () => {
    enos.putTask({
      orgId: "o1",
      channelId: "ch1",
      taskId: "t2",
      timeline: [{ afterMs: 0, progressCode: 3, dataSize: 9 }],
      shape: { data: "list", progressCode: "string", dataSize: "string" },
    });
    expect((await client.status(token, "t2")).json.data).toEqual([
      {
        taskId: "t2",
        downloadUrl: "http://files.enos.example/t2.zip",
        progressCode: "3",
        progressDesc: "success",
        dataSize: "9",
      },
    ]);
  });

  it.each([
    ["documented", "code", "status"],
    ["older-gateway", "code", "apim_status"],
    ["code", "code", "code"],
    ["status", "status", "status"],
    ["apim_status", "apim_status", "apim_status"],
  ] as const)("put an error's code where %s says", async (errorField, ofService, ofGateway) => {
    enos.setShape({ errorField, errorHttpStatus: "ok" });
    const service = await client.status(token, "t9");
    expect([service.httpStatus, service.json[ofService]]).toEqual([200, 99404]);
    const gateway = await client.status("made-up", "t1");
    expect([gateway.httpStatus, gateway.json[ofGateway]]).toEqual([200, 4011]);
  });

  it("can give errors the HTTP status that fits", async () => {
    enos.setShape({ errorHttpStatus: "matching" });
    expect((await client.status(token, "t9")).httpStatus).toBe(404);
    expect((await client.status(token, "t1", { orgId: "o2" })).httpStatus).toBe(403);
    expect((await client.status("made-up", "t1")).httpStatus).toBe(401);
  });
});
