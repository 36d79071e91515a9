import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Id, type TaskKey } from "../tasks/key.ts";
import { CallerError } from "./errors.ts";

/** What is read of an API Gateway event (payload format 2.0). */
export type ApiEvent = Pick<
  APIGatewayProxyEventV2,
  "rawPath" | "rawQueryString" | "pathParameters" | "routeKey"
> & {
  requestContext: Pick<APIGatewayProxyEventV2["requestContext"], "requestId"> & { authorizer?: unknown };
};

/**
 * The task that a request names.
 *
 * @throws {CallerError} 400 with the offending parameter's name
 */
export function taskOf(event: ApiEvent): TaskKey {
  return {
    orgId: orgOf(event),
    channelId: id("channelId", event.pathParameters?.channelId),
    taskId: id("taskId", event.pathParameters?.taskId),
  };
}

/**
 * The organisation that a request names: in its path where the route has it there, else in its query.
 *
 * @throws {CallerError} 400, also when the two differ
 */
export function orgOf(event: ApiEvent): string {
  const inQuery = single(query(event), "orgId");
  const inPath = event.pathParameters?.orgId;
  if (inPath !== undefined && inQuery !== undefined && inPath !== inQuery) {
    throw new CallerError(400, "orgId is not the same in the path and in the query");
  }
  return id("orgId", inPath ?? inQuery);
}

/** The query as it was sent: API Gateway's own map has repeated parameters merged into one. */
export function query(event: ApiEvent): URLSearchParams {
  return new URLSearchParams(typeof event.rawQueryString === "string" ? event.rawQueryString : "");
}

/**
 * A parameter's only value; undefined when it is absent.
 *
 * @throws {CallerError} 400 when it is repeated
 */
export function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw new CallerError(400, `${name} is given ${values.length} times`);
  return values[0];
}

/**
 * A value that is an id: nothing that means something to a path, a host or a key.
 *
 * @param name of the parameter, for the message
 * @throws {CallerError} 400
 */
export function id(name: string, value: unknown): string {
  if (value === undefined || value === "") throw new CallerError(400, `${name} is missing`);
  const { data } = Id.safeParse(value);
  if (data === undefined)
    throw new CallerError(400, `${name} may have letters, digits, _ and - only, 128 at most`);
  return data;
}
