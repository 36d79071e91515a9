import { CallerError } from "./errors.ts";
import type { ApiEvent } from "./request.ts";

/** What a route answers: `data` is what the envelope holds. Without a body when 204. */
export interface Answer {
  statusCode: 200 | 201 | 204;
  data?: unknown;
}

/** Answers one request, or throws what `failureOf` turns into an answer. */
export type Route = (event: ApiEvent) => Promise<Answer>;

/** A function's routes, by the keys that API Gateway gives them: `GET /tracked-tasks`. */
export type Routes = Readonly<Record<string, Route>>;

/** The path of a task, as EnOS has it. */
export const TASK_PATH = "/data-federation/v2.0/channels/read/{channelId}/download/{taskId}";

/**
 * The route that a request takes.
 *
 * @throws {CallerError} 404 for a route that is not there, or when the event names none, as one by hand may not
 */
export function routeOf(routes: Routes, { routeKey }: ApiEvent): Route {
  const route =
    typeof routeKey === "string" && Object.hasOwn(routes, routeKey) ? routes[routeKey] : undefined;
  if (!route) throw new CallerError(404, "there is no such route");
  return route;
}
