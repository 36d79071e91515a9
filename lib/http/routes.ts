import { CallerError } from "./errors.ts";
import { type ApiEvent, id } from "./request.ts";

/** What a route answers: `data` is what the envelope holds. Without a body when 204. */
export interface Answer {
  statusCode: 200 | 201 | 202 | 204 | 207;
  data?: unknown;
  headers?: Record<string, string>;
}

/** The time that there is for a request. */
export interface RequestTime {
  /** Until it has to be answered, in milliseconds. */
  remainingMs: number;
  /** Ends whatever is under way then. */
  signal: AbortSignal;
}

/** Answers one request, or throws what `failureOf` turns into an answer. */
export type Route = (event: ApiEvent, time: RequestTime) => Promise<Answer>;

/** A function's routes, by the keys that API Gateway gives them: `GET /tracked-tasks`. */
export type Routes = Readonly<Record<string, Route>>;

/** The path of a channel, as EnOS has it. */
export const CHANNEL_PATH = "/data-federation/v2.0/channels/read/{channelId}";

/** The path of a task, as EnOS has it. */
export const TASK_PATH = `${CHANNEL_PATH}/download/{taskId}`;

/** Where EnOS calls back: the one route without an authorizer, whose token says who may. */
export const CALLBACK_ROUTE = "POST /callbacks/{token}";

/**
 * Under which every route is there once more, with the organisation in the path: an IAM policy sees the path, and
 * can hold a caller to its organisation there.
 */
export const ORGANISATION_PATH = "/organisations/{orgId}";

/**
 * The route that a request takes, whether its organisation is in the path or in the query.
 *
 * @throws {CallerError} 404 for a route that is not there, or when the event names none, as one by hand may not;
 *   400 when a parameter in the path is no id, or the path is not the route's with its parameters filled in
 */
export function routeOf(routes: Routes, event: ApiEvent): Route {
  const routeKey = typeof event?.routeKey === "string" ? event.routeKey : "";
  const own = routeKey.replace(` ${ORGANISATION_PATH}/`, " /");
  const route = Object.hasOwn(routes, own) ? routes[own] : undefined;
  if (!route) throw new CallerError(404, "there is no such route");
  if (routeKey !== CALLBACK_ROUTE) checkPath(routeKey, event);
  return route;
}

/**
 * What IAM decided on is the path as it was written: where the route was found by another reading of it, such as
 * one without `..`, the decision was about something else.
 */
function checkPath(routeKey: string, { rawPath, pathParameters }: ApiEvent): void {
  const path = routeKey.slice(routeKey.indexOf(" ") + 1);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => id(name, pathParameters?.[name]));
  if (rawPath !== filled)
    throw new CallerError(400, "the path must be the route with its parameters filled in");
}
