import type { ApiEvent } from "../../lib/http/request.ts";

const PATH = "/data-federation/v2.0/channels/read/{channelId}/download/{taskId}";

/** The routes of the API, as API Gateway names them. */
export const ROUTES = {
  status: `GET ${PATH}/status`,
  put: `PUT ${PATH}/tracking`,
  get: `GET ${PATH}/tracking`,
  delete: `DELETE ${PATH}/tracking`,
  list: "GET /tracked-tasks",
} as const;

/** The event that API Gateway makes of a request about a task. */
export function taskEvent(
  route: Exclude<keyof typeof ROUTES, "list">,
  { orgId, channelId, taskId }: { orgId: string; channelId: string; taskId: string },
): ApiEvent {
  return apiEvent(route, `orgId=${encodeURIComponent(orgId)}`, { channelId, taskId });
}

/** The event that API Gateway makes of any request to one of the routes. */
export function apiEvent(
  route: keyof typeof ROUTES,
  rawQueryString: string,
  pathParameters: Record<string, string> = {},
): ApiEvent {
  return {
    routeKey: ROUTES[route],
    rawQueryString,
    pathParameters,
    requestContext: { requestId: "test-request" },
  };
}
