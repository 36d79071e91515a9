import * as z from "zod/mini";

/**
 * The only ids that this service puts into a URL, a secret's name or a table key. The alphabet has no character with
 * a special meaning in any of the three, so nothing needs escaping.
 */
export const ID = /^[A-Za-z0-9_-]{1,128}$/;

const ALPHABET = "may have letters, digits, _ and - only, 128 at most";

/** @see ID */
export const Id = z
  .string({ error: ({ input }) => (input === undefined ? "is missing" : "must be text") })
  .check(z.minLength(1, "is missing"), z.maxLength(128, ALPHABET), z.regex(ID, ALPHABET));

/** Identifies a download task of EnOS. */
export interface TaskKey {
  orgId: string;
  channelId: string;
  taskId: string;
}

/** The path of a task on every EnOS gateway (Data Federation API 2.x, 3.x), and on this service. */
export function taskPath({ channelId, taskId }: Omit<TaskKey, "orgId">): string {
  return `/data-federation/v2.0/channels/read/${channelId}/download/${taskId}`;
}
