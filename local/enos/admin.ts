import type { ServerResponse } from "node:http";
import type * as z from "zod/mini";
import { AdminError, type EnosControl } from "./control.ts";
import {
  AnyTaskInput,
  CallbacksInput,
  CreatedTimelineInput,
  CredentialsInput,
  Fault,
  LogInput,
  OrganisationInput,
  ShapeInput,
  TasksInput,
} from "./input.ts";

/** Where the admin routes begin. */
export const ADMIN_PREFIX = "/_admin/";

/** A bulk put of 100,000 tasks is a few MB. */
export const MAX_ADMIN_BODY = 64 * 1024 * 1024;

/**
 * Serves one admin request: 200 or 204 on success, 400 `{ error, field }` naming the invalid field, 404 for what does
 * not exist.
 *
 * @param path decoded segments after the prefix
 */
export function serveAdmin(
  control: EnosControl,
  method: string,
  path: string[],
  body: Buffer,
  response: ServerResponse,
): void {
  try {
    const result = run(control, `${method} ${route(path)}`, path, body);
    if (result === undefined) response.writeHead(204).end();
    else sendJson(response, 200, result);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    sendJson(response, error.httpStatus, { error: error.message, field: error.field });
  }
}

/** The path with a star for each parameter. */
function route(path: string[]): string {
  return path
    .map((segment, index) => (index % 2 === 1 || (path[0] === "tasks" && index > 0) ? "*" : segment))
    .join("/");
}

function run(control: EnosControl, target: string, path: string[], body: Buffer): unknown {
  const [, first = "", second = "", third = ""] = path;
  switch (target) {
    case "PUT organisations/*":
      return control.putOrganisation(parse(OrganisationInput, { ...object(body), orgId: first }));
    case "DELETE organisations/*":
      return control.removeOrganisation(first);
    case "PUT organisations/*/credentials":
      return control.rotateCredentials(first, parse(CredentialsInput, json(body)));
    case "DELETE organisations/*/token":
      return control.revokeTokens(first);
    case "PUT organisations/*/any-task":
      return control.setAnyTask(first, parse(AnyTaskInput, json(body)));
    case "DELETE organisations/*/any-task":
      return control.setAnyTask(first, undefined);
    case "PUT organisations/*/created-timeline":
      return control.setCreatedTimeline(first, parse(CreatedTimelineInput, json(body)).timeline);
    case "GET organisations/*/task-requests":
      return control.taskRequests(first);
    case "PUT tasks":
      return control.putTasks(parse(TasksInput, json(body)));
    case "DELETE tasks/*/*/*":
      return control.removeTask(first, second, third);
    case "PUT callbacks":
      return control.setCallbacks(parse(CallbacksInput, json(body)));
    case "PUT shape":
      return control.setShape(parse(ShapeInput, json(body)));
    case "POST faults":
      return { id: control.addFault(parse(Fault, json(body))) };
    case "GET faults":
      return control.faults();
    case "DELETE faults":
      return control.clearFaults();
    case "DELETE faults/*":
      return control.removeFault(Number(first));
    case "GET counters":
      return control.counters();
    case "DELETE counters":
      return control.resetCounters();
    case "PUT log":
      return control.keepLog(parse(LogInput, json(body)).size);
    case "GET log":
      return control.log();
    default:
      throw new AdminError(404, "path", `no admin route ${target}`);
  }
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new AdminError(400, "body", "body is not JSON");
  }
}

function object(body: Buffer): object {
  const value = json(body);
  if (typeof value === "object" && value !== null) return value;
  throw new AdminError(400, "body", "body is not an object");
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const field = [...(issue?.path ?? []), ...(unknownKey === undefined ? [] : [unknownKey])].join(".");
  throw new AdminError(400, field || "body", issue?.message ?? "not valid");
}

function sendJson(response: ServerResponse, httpStatus: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(httpStatus, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
