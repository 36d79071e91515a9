import type { ListRequest } from "../store/task-store.ts";
import { State } from "../tasks/state.ts";
import { CallerError } from "./errors.ts";
import { type ApiEvent, orgOf, query, single } from "./request.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

/**
 * What a list's query asks for.
 *
 * @throws {CallerError} 400 with the offending parameter's name
 */
export function listRequestOf(event: ApiEvent): ListRequest {
  const parameters = query(event);
  return {
    orgId: orgOf(event),
    state: stateOf(single(parameters, "state")),
    limit: limitOf(single(parameters, "limit")),
    after: afterOf(single(parameters, "cursor")),
  };
}

/** The cursor that callers get: where the next page begins, in a form that invites nobody to build one. */
export function pageCursor(after: string): string {
  return Buffer.from(after).toString("base64url");
}

function stateOf(value: string | undefined): ListRequest["state"] {
  if (!value) return undefined;
  const { data } = State.safeParse(value);
  if (!data) throw new CallerError(400, `state must be one of ${State.options.join(", ")}`);
  return data;
}

function limitOf(value: string | undefined): number {
  if (!value) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new CallerError(400, `limit must be from 1 to ${MAX_LIMIT}`);
  return limit;
}

/** A cursor names a place within the organisation that is asked about; it cannot lead out of it. */
function afterOf(value: string | undefined): string | undefined {
  if (!value) return undefined;
  const after = Buffer.from(value, "base64url").toString();
  // What does not come out as it went in was never given out. A sort key has 1024 bytes at most.
  if (pageCursor(after) !== value || Buffer.byteLength(after) > 1024) {
    throw new CallerError(400, "cursor is none that this service gave");
  }
  return after;
}
