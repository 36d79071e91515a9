import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Id, type TaskKey } from "../tasks/key.ts";
import { CallerError } from "./errors.ts";
import { shown, valid } from "./validate.ts";

/** What is read of an API Gateway event (payload format 2.0). */
export type ApiEvent = Pick<
  APIGatewayProxyEventV2,
  "rawPath" | "rawQueryString" | "pathParameters" | "routeKey"
> & {
  headers?: APIGatewayProxyEventV2["headers"];
  body?: string;
  isBase64Encoded?: boolean;
  requestContext: Pick<APIGatewayProxyEventV2["requestContext"], "requestId"> & { authorizer?: unknown };
};

/**
 * The task that a request names.
 *
 * @throws {CallerError} 400 with the offending parameter's name
 */
export function taskOf(event: ApiEvent): TaskKey {
  return { ...channelOf(event), taskId: id("taskId", event.pathParameters?.taskId) };
}

/**
 * The channel that a request names, with its organisation.
 *
 * @throws {CallerError} 400 with the offending parameter's name
 */
export function channelOf(event: ApiEvent): Omit<TaskKey, "taskId"> {
  return { orgId: orgOf(event), channelId: id("channelId", event.pathParameters?.channelId) };
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

/** The query as it was sent: API Gateway's own map merges repeated parameters. */
function query(event: ApiEvent): URLSearchParams {
  return new URLSearchParams(typeof event.rawQueryString === "string" ? event.rawQueryString : "");
}

/**
 * A parameter's only value; undefined when it is absent.
 *
 * @throws {CallerError} 400 when it is repeated
 */
function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw new CallerError(400, `${name} is given ${values.length} times`);
  return values[0];
}

/**
 * A header's value; API Gateway joins the values of a repeated header with commas.
 *
 * @param name in lower case
 */
export function header(event: ApiEvent, name: string): string | undefined {
  const value: unknown = event.headers?.[name];
  return typeof value === "string" ? value : undefined;
}

/** Query parameters of a SigV4 signature, which some callers send there instead of in headers. */
const SIGNATURE = /^x-amz-/i;

/**
 * The parameters of a query, each at most once; an empty one counts as absent.
 *
 * @param known the allowed names
 * @throws {CallerError} 400 that names the parameter that is unknown or repeated
 */
export function parameters(event: ApiEvent, known: readonly string[]): Record<string, string> {
  const all = query(event);
  for (const name of all.keys()) {
    if (!known.includes(name) && !SIGNATURE.test(name)) {
      throw new CallerError(400, `there is no parameter ${shown(name)}`);
    }
  }
  const given = known.map((name) => [name, single(all, name)] as const);
  return Object.fromEntries(given.filter((pair): pair is readonly [string, string] => !!pair[1]));
}

/**
 * A value that is an id, with no character that has a meaning in a path, a host or a key.
 *
 * @param name of the parameter, for the message
 * @throws {CallerError} 400
 */
export function id(name: string, value: unknown): string {
  return valid(Id, value, name);
}
