import * as z from "zod/mini";
import type { ListPosition, ListRequest } from "../store/task-store.ts";
import { Id } from "../tasks/key.ts";
import { STATES } from "../tasks/state.ts";
import { CallerError } from "./errors.ts";
import { type ApiEvent, orgOf, parameters } from "./request.ts";
import { valid } from "./validate.ts";

/** A sort key has 1024 bytes at most, and base64 makes four characters of three bytes. */
const MAX_CURSOR_LENGTH = 2048;

const States = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text) => text.split(",")),
  ),
  z
    .array(z.enum(STATES, `must be one or several of ${STATES.join(", ")}, with commas between them`))
    .check(z.maxLength(STATES.length, "names a state twice")),
);

const Limit = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text) => (/^\d{1,3}$/.test(text) ? Number(text) : Number.NaN)),
  ),
  z
    .int("must be a whole number from 1 to 100")
    .check(z.minimum(1, "must be at least 1"), z.maximum(100, "must be at most 100")),
);

const TIME = "must be a date and a time with its zone, as in 2026-11-24T18:56:38Z";

const Since = z.iso
  .datetime({
    offset: true,
    error: ({ input }) => (/T.* \d\d:\d\d$/.test(String(input)) ? `${TIME} (a + is %2B in a query)` : TIME),
  })
  .check(z.maxLength(64, TIME));

/** The query of a list, beside the organisation. */
export const ListQuery = z.strictObject({
  state: z.optional(States),
  channelId: z.optional(Id),
  finishedSince: z.optional(Since),
  limit: z._default(Limit, 50),
  cursor: z.optional(
    z
      .string()
      .check(z.maxLength(MAX_CURSOR_LENGTH, "is not valid"), z.regex(/^[A-Za-z0-9_-]*$/, "is not valid")),
  ),
});

/**
 * What a list's query asks for.
 *
 * @throws {CallerError} 400 with the offending parameter's name
 */
export function listRequestOf(event: ApiEvent): ListRequest {
  const names = ["orgId", ...Object.keys(ListQuery.shape)];
  const { orgId: _, ...rest } = parameters(event, names);
  const orgId = orgOf(event);
  const { state, channelId, finishedSince, limit, cursor } = valid(ListQuery, rest, "the query");
  const after = cursor === undefined ? undefined : positionIn(cursor);
  if (after && (after.finishedAt !== undefined) !== (finishedSince !== undefined)) {
    throw new CallerError(
      400,
      "cursor belongs to a list in another order: use it with the parameters that it was returned for",
    );
  }
  return {
    orgId,
    limit,
    ...(state && { states: state }),
    ...(channelId !== undefined && { channelId }),
    ...(finishedSince !== undefined && { finishedSince: Date.parse(finishedSince) }),
    ...(after && { after }),
  };
}

/** The cursor for callers: where the next page begins, in an opaque form. */
export function pageCursor({ sk, finishedAt }: ListPosition): string {
  return Buffer.from(finishedAt === undefined ? `k${sk}` : `e${finishedAt}#${sk}`).toString("base64url");
}

/** The position that a cursor names. It is always within the organisation of the request. */
function positionIn(cursor: string): ListPosition {
  const [, finishedAt, ended, sk = ended] =
    /^(?:e(\d{1,15})#(.+)|k(.+))$/s.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  const position =
    sk === undefined ? undefined : { sk, ...(finishedAt && { finishedAt: Number(finishedAt) }) };
  // A cursor that does not encode back to itself was never given out. A sort key has at most 1024 bytes.
  if (!position || pageCursor(position) !== cursor || Buffer.byteLength(position.sk) > 1024) {
    throw new CallerError(400, "cursor is not valid");
  }
  return position;
}
