import { describe, expect, it } from "vitest";
import { CallerError } from "../../lib/http/errors.ts";
import { listRequestOf } from "../../lib/http/list.ts";
import { type ApiEvent, header, orgOf, parameters, taskOf } from "../../lib/http/request.ts";
import { ROUTES, type Routes, routeOf } from "../../lib/http/routes.ts";
import { apiEvent, pathOf, withOrganisation } from "../../local/harness/api-event.ts";

const list = async () => ({ statusCode: 200 as const });
const status = async () => ({ statusCode: 200 as const });
const callback = async () => ({ statusCode: 202 as const });
const routes: Routes = {
  [ROUTES.list]: list,
  [ROUTES.status]: status,
  [ROUTES.callback]: callback,
};

const TASK = { channelId: "ch-1", taskId: "t1" };
const request = (
  routeKey: string,
  pathParameters: Record<string, string>,
  rawQueryString = "",
): ApiEvent => ({
  ...apiEvent("list", rawQueryString, pathParameters),
  routeKey,
  rawPath: pathOf(routeKey, pathParameters),
});
const refusal = (attempt: () => unknown): string => {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(CallerError);
    return `${(error as CallerError).failure.statusCode} ${(error as Error).message}`;
  }
  return "none";
};

describe("a route", () => {
  it("is the same with the organisation in the query and in the path", () => {
    expect(routeOf(routes, request(ROUTES.status, TASK))).toBe(status);
    expect(routeOf(routes, request(withOrganisation(ROUTES.status), { orgId: "o1", ...TASK }))).toBe(status);
    expect(routeOf(routes, request(withOrganisation(ROUTES.list), { orgId: "o1" }))).toBe(list);
  });

  it("has the key that callers know", () => {
    const channel = "/data-federation/v2.0/channels/read/{channelId}";
    expect(ROUTES).toEqual({
      status: `GET ${channel}/download/{taskId}/status`,
      put: `PUT ${channel}/download/{taskId}/tracking`,
      get: `GET ${channel}/download/{taskId}/tracking`,
      delete: `DELETE ${channel}/download/{taskId}/tracking`,
      list: "GET /tracked-tasks",
      bulk: "POST /tracked-tasks",
      callbackUrl: `GET ${channel}/callback-url`,
      callback: "POST /callbacks/{token}",
    });
  });

  it("has the path that callers and API Gateway's deployment know", () => {
    const task = "/data-federation/v2.0/channels/read/{channelId}/download/{taskId}/status";
    expect(routeOf(routes, request(`GET ${task}`, TASK))).toBe(status);
    expect(routeOf(routes, request(`GET /organisations/{orgId}${task}`, { orgId: "o1", ...TASK }))).toBe(
      status,
    );
    // A token is no id.
    expect(routeOf(routes, request("POST /callbacks/{token}", { token: "a.b" }))).toBe(callback);
  });

  it.each([
    "GET /organisations/{orgId}",
    "GET /organisations/{orgId}/organisations/{orgId}/tracked-tasks",
    "GET /organisations/o1/tracked-tasks",
    "POST /organisations/{orgId}/tracked-tasks",
  ])("is not %s", (routeKey) => {
    expect(refusal(() => routeOf(routes, request(routeKey, { orgId: "o1" })))).toBe(
      "404 there is no such route",
    );
  });

  const ORGANISATION = "/organisations/o2/data-federation/v2.0/channels/read/ch-1/download/t1/status";
  it.each([
    "/organisations/o1/../o2/data-federation/v2.0/channels/read/ch-1/download/t1/status",
    "/organisations/o1/%2e%2e/o2/data-federation/v2.0/channels/read/ch-1/download/t1/status",
    "/organisations/%6f2/data-federation/v2.0/channels/read/ch-1/download/t1/status",
    "/organisations/o1/data-federation/v2.0/channels/read/ch-1/download/t1/status",
    `/${ORGANISATION}`,
    `${ORGANISATION}/`,
    `/mapping${ORGANISATION}`,
    ORGANISATION.toUpperCase(),
    "",
    undefined,
    7,
    null,
  ])("is refused where IAM saw another path: %j", (rawPath) => {
    const event = request(withOrganisation(ROUTES.status), { orgId: "o2", ...TASK });
    expect(refusal(() => routeOf(routes, event))).toBe("none");
    expect(refusal(() => routeOf(routes, { ...event, rawPath } as ApiEvent))).toMatch(
      /^400 the path must be/,
    );
  });

  it("is refused without the parameters in its path", () => {
    const { rawPath } = request(ROUTES.status, TASK);
    for (const pathParameters of [undefined, null, {}, { channelId: "ch-1" }, "text"]) {
      const event = { ...request(ROUTES.status, TASK), rawPath, pathParameters } as unknown as ApiEvent;
      expect(refusal(() => routeOf(routes, event))).toMatch(/^400 (channelId|taskId) is missing/);
    }
  });

  it("is refused with an invalid id, which the error names", () => {
    const event = request(ROUTES.status, { channelId: "ch-1", taskId: "a/b" });
    expect(refusal(() => routeOf(routes, event))).toMatch(/^400 taskId may have/);
  });
});

describe("the organisation of a request", () => {
  it("is that of its path, which its query may repeat", () => {
    const event = request(withOrganisation(ROUTES.status), { orgId: "o1", ...TASK });
    expect(orgOf(event)).toBe("o1");
    expect(taskOf({ ...event, rawQueryString: "orgId=o1" })).toEqual({ orgId: "o1", ...TASK });
    expect(listRequestOf(request(withOrganisation(ROUTES.list), { orgId: "o1" }, "limit=7"))).toMatchObject({
      orgId: "o1",
      limit: 7,
    });
  });

  it.each(["orgId=o2", "orgId=", "orgId=O1", "orgId=o1%20", "orgId=o1&orgId=o1", "orgId=o1&orgId=o2"])(
    "is not %s beside another in the path",
    (rawQueryString) => {
      const event = request(withOrganisation(ROUTES.list), { orgId: "o1" }, rawQueryString);
      expect(refusal(() => orgOf(event))).toMatch(/^400 orgId is (not the same|given 2 times)/);
    },
  );

  it("is missing without a query and a path that has it", () => {
    for (const nothing of [undefined, null] as never[]) {
      const event = { ...request(ROUTES.list, {}), rawQueryString: nothing, pathParameters: nothing };
      expect(refusal(() => orgOf(event))).toBe("400 orgId is missing");
      expect(parameters(event, ["state"])).toEqual({});
      const given = { ...event, rawQueryString: "orgId=o1" };
      expect(refusal(() => taskOf(given))).toBe("400 channelId is missing");
      const channel = { ...given, pathParameters: { channelId: "ch-1" } };
      expect(refusal(() => taskOf(channel))).toBe("400 taskId is missing");
    }
  });

  it("has headers that are text", () => {
    const headers = { a: "b", c: 7 } as never;
    const event = { ...request(ROUTES.list, {}), headers };
    expect(["a", "c", "d"].map((name) => header(event, name))).toEqual(["b", undefined, undefined]);
  });

  it("must be an id in the path too", () => {
    const event = request(withOrganisation(ROUTES.list), { orgId: "o1 o2" });
    expect(refusal(() => orgOf(event))).toMatch(/^400 orgId may have/);
  });
});
