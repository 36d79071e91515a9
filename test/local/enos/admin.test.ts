import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EnosSimulator, startEnosSimulator } from "../../../local/enos/simulator.ts";
import { RawClient, send } from "./raw-client.ts";

let enos: EnosSimulator;

beforeEach(async () => {
  enos = await startEnosSimulator();
});

afterEach(() => enos.close());

const admin = (method: string, path: string, body?: unknown) =>
  send(`${enos.url}/_admin/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });

const organisation = { accessKey: "key1", secretKey: "secret1" };
const timeline = [{ afterMs: 0, progressCode: 1 }];

describe("the admin routes", () => {
  it("set up, steer and read the simulator", async () => {
    expect((await admin("PUT", "organisations/o1", organisation)).httpStatus).toBe(204);
    expect((await admin("PUT", "shape", { data: "object", progressCode: "integer" })).httpStatus).toBe(204);
    expect((await admin("PUT", "log", { size: 5 })).httpStatus).toBe(204);
    const tasks = { orgId: "o1", channelId: "ch1", taskIds: ["t1"], timelines: [timeline] };
    expect((await admin("PUT", "tasks", tasks)).httpStatus).toBe(204);

    const client = new RawClient(enos.url, "key1", "secret1");
    const token = await client.token();
    expect((await client.status(token, "t1")).json.data.progressCode).toBe(1);

    const fault = { kind: "server-error", httpStatus: 502, taskId: "t1" };
    const { id } = (await admin("POST", "faults", fault)).json;
    expect((await client.status(token, "t1")).httpStatus).toBe(502);
    expect((await admin("GET", "faults")).json).toEqual([{ id, fault }]);
    expect((await admin("DELETE", `faults/${id}`)).httpStatus).toBe(204);
    expect((await client.status(token, "t1")).httpStatus).toBe(200);
    await admin("POST", "faults", fault);
    expect((await admin("DELETE", "faults")).httpStatus).toBe(204);

    expect((await admin("DELETE", "tasks/o1/ch1/t1")).httpStatus).toBe(204);
    expect((await admin("PUT", "organisations/o1/any-task", { timelines: [timeline] })).httpStatus).toBe(204);
    expect((await client.status(token, "other")).json.code).toBe(0);
    expect((await admin("DELETE", "organisations/o1/any-task")).httpStatus).toBe(204);
    expect((await admin("PUT", "organisations/o1/created-timeline", { timeline })).httpStatus).toBe(204);

    expect((await admin("GET", "counters")).json).toEqual({
      requests: { token: 1, status: 4, create: 0, cancel: 0, other: 0 },
      byOrganisation: { o1: { token: 1, status: 4, create: 0, cancel: 0 } },
      refused: {},
      faults: { "server-error": 1 },
      callbacks: { delivered: 0, failed: 0 },
    });
    expect((await admin("GET", "organisations/o1/task-requests")).json).toEqual({
      "ch1/t1": 3,
      "ch1/other": 1,
    });
    expect((await admin("GET", "log")).json).toHaveLength(5);
    expect((await admin("DELETE", "counters")).httpStatus).toBe(204);
    expect(enos.counters().requests.status).toBe(0);
    expect(enos.taskRequests("o1")).toEqual({});

    const rotated = { secretKey: "secret2" };
    expect((await admin("PUT", "organisations/o1/credentials", rotated)).httpStatus).toBe(204);
    expect((await admin("DELETE", "organisations/o1/token")).httpStatus).toBe(204);
    expect(await new RawClient(enos.url, "key1", "secret2").token()).not.toBe(token);
    expect((await admin("DELETE", "organisations/o1")).httpStatus).toBe(204);
    const gone = new RawClient(enos.url, "key1", "secret2");
    expect(JSON.stringify((await gone.postToken(gone.tokenBody())).json)).toContain("1002");
  });

  it.each([
    ["PUT", "organisations/o1", { accessKey: "k" }, "secretKey"],
    ["PUT", "organisations/o1", { ...organisation, colour: "red" }, "colour"],
    ["PUT", "organisations/o1", "{", "body"],
    ["PUT", "organisations/o1", [1], "accessKey"],
    ["PUT", "tasks", { orgId: "o1", channelId: "a/b", taskIds: ["t"], timelines: [timeline] }, "channelId"],
    [
      "PUT",
      "tasks",
      { orgId: "o1", channelId: "c", taskIds: ["t"], timelines: [[{ afterMs: -1, progressCode: 0 }]] },
      "timelines.0.0.afterMs",
    ],
    [
      "PUT",
      "tasks",
      {
        orgId: "o1",
        channelId: "c",
        taskIds: ["t"],
        timelines: [
          [
            { afterMs: 5, progressCode: 0 },
            { afterMs: 4, progressCode: 0 },
          ],
        ],
      },
      "timelines.0",
    ],
    ["POST", "faults", { kind: "earthquake" }, "kind"],
    ["POST", "faults", { kind: "server-error", httpStatus: 200 }, "httpStatus"],
    ["POST", "faults", { kind: "hang", probability: 2 }, "probability"],
    ["PUT", "shape", { data: "heap" }, "data"],
    ["PUT", "log", { size: -1 }, "size"],
  ])("%s %s with %j is a 400 naming %s", async (method, path, body, field) => {
    const answer = await admin(method, path, body);
    expect([answer.httpStatus, answer.json.field]).toEqual([400, field]);
  });

  it("refuse what does not exist with 404", async () => {
    for (const path of ["organisations/o9/token", "faults/9", "tasks/o9/c/t", "nonsense", ""]) {
      expect((await admin("DELETE", path)).httpStatus).toBe(404);
    }
  });

  it("refuse an access key or a channel that another organisation has", async () => {
    await admin("PUT", "organisations/o1", { ...organisation, channels: ["ch1"] });
    expect((await admin("PUT", "organisations/o2", organisation)).json.field).toBe("accessKey");
    const taken = await admin("PUT", "organisations/o2", {
      accessKey: "k",
      secretKey: "s",
      channels: ["ch1"],
    });
    expect([taken.httpStatus, taken.json.field]).toEqual([400, "channels"]);
  });
});
