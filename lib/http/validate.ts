import * as z from "zod/mini";
import { CallerError } from "./errors.ts";

/** Of a name that a caller chose, no more is repeated than this. */
const SHOWN = 64;

/**
 * A value that a caller sent, as the schema has it. The schema's messages go on after the name of what they are about.
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

/** What is wrong first, in words. */
function problemOf({ issues }: z.core.$ZodError, whole: string): string {
  const [issue] = issues;
  if (!issue) return `${whole} is not valid`;
  if (issue.code === "unrecognized_keys") return `${shown(issue.keys[0])} is not known`;
  const path = issue.path.map(String).join(".");
  const message = issue.code === "invalid_key" ? issue.issues[0]?.message : issue.message;
  return `${path === "" ? whole : shown(path)} ${message}`;
}

/** A caller's own words, short and without anything that a terminal or a log could take for more than words. */
export function shown(text: unknown): string {
  const ascii = String(text).replace(/[^\x21-\x7e]/g, "?");
  return ascii.length > SHOWN ? `${ascii.slice(0, SHOWN)}…` : ascii;
}
