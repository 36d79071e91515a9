import * as z from "zod/mini";
import { Id, type TaskKey } from "../tasks/key.ts";

/** A larger body, in characters, is not parsed: EnOS's has an id, a code, a URL or two and a size. */
const MOST_CHARACTERS = 65_536;

/** A body as API Gateway hands it over (payload format 2.0). */
export interface CallbackBody {
  body?: unknown;
  isBase64Encoded?: unknown;
}

/**
 * The task that a callback's body names, as JSON or as a form, whatever its content type; undefined if there is none.
 * Nothing else is read, since a callback is not to be trusted.
 */
export function taskIdOf({ body, isBase64Encoded }: CallbackBody): string | undefined {
  if (typeof body !== "string" || body.length > MOST_CHARACTERS) return undefined;
  const text = isBase64Encoded === true ? Buffer.from(body, "base64").toString() : body;
  return Body.safeParse(parsed(text)).data?.id;
}

const Body = z.object({ id: Id });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { id: new URLSearchParams(text).get("id") };
  }
}

/** That a task may have ended: what the queue of hints holds. */
export type Hint = TaskKey;

const StoredHint = z.object({ orgId: Id, channelId: Id, taskId: Id });

/** The text of a message in the queue. */
export function hintMessage({ orgId, channelId, taskId }: Hint): string {
  return JSON.stringify({ orgId, channelId, taskId });
}

/** Parses a message of the queue; undefined for one that this service did not write. */
export function parseHint(text: string): Hint | undefined {
  try {
    return StoredHint.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
