import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { taskPath } from "../../lib/tasks/key.ts";
import type { DownloadStatus } from "../../lib/tasks/status.ts";
import type { TaskPage } from "../../local/service/client.ts";
import { newTask, outcome, type ServiceUnderTest, startService } from "./service.ts";

let under: ServiceUnderTest;
beforeAll(async () => {
  under = await startService();
});
afterAll(() => under[Symbol.asyncDispose]());

describe("with the organisation in the path", () => {
  test("a task is asked for, tracked, listed and forgotten", async () => {
    const { enos, service, organisation } = under;
    const task = newTask(enos, await organisation(), [{ afterMs: 0, progressCode: 1 }]);
    const own = `/organisations/${task.orgId}`;
    const path = own + taskPath(task);
    const asked = await service.client.request<DownloadStatus>("GET", `${path}/status`);
    expect(asked.envelope).toMatchObject({ code: 0, data: { ...task, state: "running" } });
    expect(outcome(await service.client.request("PUT", `${path}/tracking`))).toEqual([201, 0]);
    expect(outcome(await service.client.request("GET", `${path}/tracking`))).toEqual([200, 0]);
    const list = await service.client.request<TaskPage>("GET", `${own}/tracked-tasks?limit=5`);
    expect(list.envelope?.data.tasks).toMatchObject([task]);
    expect(outcome(await service.client.request("DELETE", `${path}/tracking`))).toEqual([204]);
    expect(outcome(await service.client.record(task))).toEqual([404, 99404]);
  });

  test("the query may name no other organisation, nor the path anything but the route", async () => {
    const { client } = under.service;
    const refused = async (path: string) => outcome(await client.request("GET", path));
    expect(await refused("/organisations/o1/tracked-tasks?orgId=o1")).toEqual([200, 0]);
    expect(await refused("/organisations/o1/tracked-tasks?orgId=o2")).toEqual([400, 99400]);
    expect(await refused("/organisations/o1%2Fo2/tracked-tasks")).toEqual([400, 99400]);
  });
});
