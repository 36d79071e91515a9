import * as z from "zod/mini";
import { CallerError } from "./errors.ts";

/** How much of a caller's own text is repeated in a message, in characters. */
const SHOWN = 64;

/**
 * Parses a value that a caller sent. The schema's messages continue after the name of the field.
 *
 * @param whole what the value as a whole is called
 * @throws {CallerError} 400 that names the first thing that is wrong
 */
export function valid<Schema extends z.core.$ZodType>(
  schema: Schema,
  value: unknown,
  whole = "the body",
): z.output<Schema> {
  const { success, data, error } = z.safeParse(schema, value);
  if (!success) throw new CallerError(400, problemOf(error, whole));
  return data;
}

/** The first problem, in words. */
function problemOf({ issues }: z.core.$ZodError, whole: string): string {
  const [issue] = issues;
  if (!issue) return `${whole} is not valid`;
  if (issue.code === "unrecognized_keys") return `${shown(issue.keys[0])} is not known`;
  // An entry of a list has no name of its own: in a query the list is one text.
  const entry = issue.path.findIndex((key) => typeof key === "number");
  const path = issue.path
    .slice(0, entry < 0 ? undefined : entry)
    .map(String)
    .join(".");
  const message = issue.code === "invalid_key" ? issue.issues[0]?.message : issue.message;
  return `${path === "" ? whole : shown(path)} ${message}`;
}

/** A caller's own text, shortened, and without characters that a terminal or a log could interpret. */
export function shown(text: unknown): string {
  const ascii = String(text).replace(/[^\x21-\x7e]/g, "?");
  return ascii.length > SHOWN ? `${ascii.slice(0, SHOWN)}…` : ascii;
}
