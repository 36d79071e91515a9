import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type EnosSimulator, startEnosSimulator } from "../../../local/enos/simulator.ts";
import { type Loopback, listen } from "../../../local/loopback.ts";
import { RawClient, send } from "./raw-client.ts";

let clock = 1_800_000_000_000;
let enos: EnosSimulator;
let client: RawClient;
let token: string;
let listener: Loopback;
let callbackURL: string;
const received: unknown[] = [];

beforeEach(async () => {
  enos = await startEnosSimulator({ now: () => clock });
  enos.setShape({ data: "object", progressCode: "integer", errorField: "documented", errorHttpStatus: "ok" });
  enos.putOrganisation({ orgId: "o1", accessKey: "key1", secretKey: "secret1" });
  client = new RawClient(enos.url, "key1", "secret1", () => clock);
  token = await client.token();
  received.length = 0;
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    received.push(JSON.parse(text));
    response.end();
  });
  listener = await listen(server);
  callbackURL = `${listener.url}/done`;
});

afterEach(async () => {
  await listener[Symbol.asyncDispose]();
  await enos.close();
});

const fields = { taskName: "n", sourceName: "s", querySql: "select 1", filePackageName: "p" };

function create(body: unknown) {
  const text = JSON.stringify(body);
  return send(`${enos.url}/data-federation/v2.0/channels/read/ch1/download-request?orgId=o1`, {
    method: "POST",
    headers: client.headers(token, `orgIdo1${text}`),
    body: text,
  });
}

function cancel(taskId: string) {
  return send(`${enos.url}/data-federation/v2.0/channels/read/ch1/download/${taskId}?orgId=o1`, {
    method: "DELETE",
    headers: client.headers(token, "orgIdo1"),
  });
}

const codeOf = async (taskId: string) => (await client.status(token, taskId)).json.data.progressCode;

describe("create", () => {
  it("makes a task that plays the organisation's timeline", async () => {
    enos.setCreatedTimeline("o1", [
      { afterMs: 0, progressCode: 0 },
      { afterMs: 100, progressCode: 2 },
    ]);
    const { taskId } = (await create(fields)).json.data;
    expect(await codeOf(taskId)).toBe(0);
    clock += 100;
    expect(await codeOf(taskId)).toBe(2);
  });

  it("is signed over its body", async () => {
    const text = JSON.stringify(fields);
    const answer = await send(
      `${enos.url}/data-federation/v2.0/channels/read/ch1/download-request?orgId=o1`,
      {
        method: "POST",
        headers: client.headers(token, "orgIdo1"),
        body: text,
      },
    );
    expect(answer.json.status).toBe(1003);
  });

  it("refuses a missing field, and a callback to another machine", async () => {
    const { querySql: _, ...rest } = fields;
    expect((await create(rest)).json).toMatchObject({
      code: 99400,
      msg: expect.stringContaining("querySql"),
    });
    for (const url of [
      "http://example.com/",
      "https://127.0.0.1/",
      "http://127.0.0.1.example.com/",
      "nonsense",
    ]) {
      expect((await create({ ...fields, callbackURL: url })).json.code).toBe(99400);
    }
  });
});

describe("callback", () => {
  it("takes null for no callback, as the vendor's sample has it", async () => {
    expect((await create({ ...fields, callbackURL: null })).json.code).toBe(0);
  });

  it("comes once, when the task ends", async () => {
    enos.setCreatedTimeline("o1", [
      { afterMs: 0, progressCode: 1 },
      { afterMs: 1_000, progressCode: 3, downloadUrl: "http://f/{taskId}", dataSize: 5 },
      { afterMs: 2_000, progressCode: 7 },
    ]);
    const { taskId } = (await create({ ...fields, callbackURL })).json.data;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(received).toEqual([]);
    clock += 1_000;
    await vi.waitFor(() => expect(received).toHaveLength(1));
    clock += 1_000;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(received).toEqual([
      { id: taskId, returnCode: "0", download_url: `http://f/${taskId}`, log_url: "", dataSize: 5 },
    ]);
    expect(enos.counters().callbacks).toEqual({ delivered: 1, failed: 0 });
  });

  it("comes twice, never, with another id, early or late, as configured", async () => {
    enos.setCreatedTimeline("o1", [
      { afterMs: 0, progressCode: 1 },
      { afterMs: 10_000, progressCode: 3 },
    ]);
    const until = async (clockMs: number) => {
      clock += clockMs;
      await new Promise((resolve) => setTimeout(resolve, 150));
    };
    enos.setCallbacks({ times: 2, id: "another", earlyMs: 4_000 });
    const { taskId } = (await create({ ...fields, callbackURL })).json.data;
    await until(5_999);
    expect(received).toEqual([]);
    await until(1);
    expect(received).toHaveLength(2);
    expect(received).not.toContainEqual(expect.objectContaining({ id: taskId }));

    enos.setCallbacks({ lateMs: 3_000 });
    await create({ ...fields, callbackURL });
    await until(12_999);
    expect(received).toHaveLength(2);
    await until(1);
    expect(received).toHaveLength(3);

    enos.setCallbacks({ times: 0 });
    await create({ ...fields, callbackURL });
    await until(20_000);
    expect(received).toHaveLength(3);
    enos.setCallbacks({});
  });

  it("has another return code for a cancelled task", async () => {
    const { taskId } = (await create({ ...fields, callbackURL })).json.data;
    await cancel(taskId);
    await vi.waitFor(() => expect(received).toMatchObject([{ id: taskId, returnCode: "1" }]));
  });
});

describe("cancel", () => {
  it("cancels a waiting task at once", async () => {
    const { taskId } = (await create(fields)).json.data;
    expect((await cancel(taskId)).json.data).toEqual({
      taskId,
      progressCode: "5",
      progressDesc: "cancelled",
    });
    expect(await codeOf(taskId)).toBe(5);
  });

  it("cancels a running task by way of cancelling, for good", async () => {
    const { taskId } = (await create(fields)).json.data;
    clock += 2_000;
    expect((await cancel(taskId)).json.data).toMatchObject({ progressCode: "4" });
    expect(await codeOf(taskId)).toBe(4);
    clock += 1_000;
    expect((await cancel(taskId)).json.data).toMatchObject({ progressCode: "5" });
    clock += 100_000;
    expect(await codeOf(taskId)).toBe(5);
  });

  it("refuses a task that has ended or does not exist", async () => {
    const { taskId } = (await create(fields)).json.data;
    clock += 6_000;
    expect((await cancel(taskId)).json.code).toBe(99400);
    expect((await cancel("nobody")).json.code).toBe(99404);
  });
});
