import { CallerError } from "./errors.ts";
import { type ApiEvent, id } from "./request.ts";

/** A route's answer, with the `data` of the envelope. 204 has no body. */
export interface RouteAnswer {
  statusCode: 200 | 201 | 202 | 204 | 207;
  data?: unknown;
  headers?: Record<string, string>;
}

/** The time for a request. */
export interface RequestTime {
  /** Until it has to be answered, in milliseconds. */
  remainingMs: number;
  /** Ends whatever is under way then. */
  signal: AbortSignal;
}

/** Answers one request, or throws what `failureOf` turns into an answer. */
export type Route = (event: ApiEvent, time: RequestTime) => Promise<RouteAnswer>;

/** A function's routes, by their keys in {@link ROUTES}. */
export type Routes = Readonly<Record<string, Route>>;

/** The path of a channel, as EnOS has it. */
export const CHANNEL_PATH = "/data-federation/v2.0/channels/read/{channelId}";

/** The path of a task, as EnOS has it. */
export const TASK_PATH = `${CHANNEL_PATH}/download/{taskId}`;

/** The keys of all routes, as API Gateway writes them. */
export const ROUTES = {
  status: `GET ${TASK_PATH}/status`,
  put: `PUT ${TASK_PATH}/tracking`,
  get: `GET ${TASK_PATH}/tracking`,
  delete: `DELETE ${TASK_PATH}/tracking`,
  list: "GET /tracked-tasks",
  bulk: "POST /tracked-tasks",
  callbackUrl: `GET ${CHANNEL_PATH}/callback-url`,
  /** Where EnOS calls back: the only route without an authorizer; the token in its path authorises the call. */
  callback: "POST /callbacks/{token}",
} as const;

/**
 * The prefix under which every route also exists, with the organisation in the path: an IAM policy sees the path, and
 * can restrict a caller to its organisation.
 */
export const ORGANISATION_PATH = "/organisations/{orgId}";

/**
 * The route of a request, whether its organisation is in the path or in the query.
 *
 * @throws {CallerError} 404 for an unknown route, or an event without one; 400 when a parameter in the path is not an
 *   id, or the path is not the route's with its parameters filled in
 */
export function routeOf(routes: Routes, event: ApiEvent): Route {
  const routeKey = typeof event?.routeKey === "string" ? event.routeKey : "";
  const own = routeKey.replace(` ${ORGANISATION_PATH}/`, " /");
  const route = Object.hasOwn(routes, own) ? routes[own] : undefined;
  if (!route) throw new CallerError(404, "there is no such route");
  if (routeKey !== ROUTES.callback) checkPath(routeKey, event);
  return route;
}

/**
 * IAM decided on the path as it was written. If the route was found by normalising it, such as by resolving `..`, the
 * decision was about something else.
 */
function checkPath(routeKey: string, { rawPath, pathParameters }: ApiEvent): void {
  const path = routeKey.slice(routeKey.indexOf(" ") + 1);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => id(name, pathParameters?.[name]));
  if (rawPath !== filled)
    throw new CallerError(400, "the path must be the route with its parameters filled in");
}
