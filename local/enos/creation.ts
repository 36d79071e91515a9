import { randomUUID } from "node:crypto";
import * as z from "zod/mini";
import { type Answer, refuse } from "./answer.ts";
import { type Callbacks, isLoopbackUrl } from "./callbacks.ts";
import { dataAnswer, serviceRefusal } from "./downloads.ts";
import type { Organisation } from "./organisations.ts";
import type { AnswerShape } from "./shape.ts";
import { taskKey } from "./tasks.ts";

const Text = z.string().check(z.minLength(1));

/** Create Download Request (Data Federation API); any other fields of the body are accepted. */
const CreationBody = z.object({
  taskName: Text,
  sourceName: Text,
  querySql: Text,
  filePackageName: Text,
  // The vendor's sample sends null.
  callbackURL: z.nullish(
    z.string().check(z.refine(isLoopbackUrl, "only loopback addresses are called back")),
  ),
});

/** Creates a task with the organisation's timeline for created tasks; 99400 names the first invalid field. */
export function create(
  organisation: Organisation,
  channelId: string,
  body: Buffer,
  shape: AnswerShape,
  callbacks: Callbacks,
  now: number,
): Answer {
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    return refuse(serviceRefusal(99400, "body is not JSON"), shape);
  }
  const parsed = CreationBody.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") || "body";
    return refuse(serviceRefusal(99400, `${field} is not valid`), shape);
  }
  const taskId = randomUUID().replaceAll("-", "");
  const key = taskKey(channelId, taskId);
  organisation.tasks.put(key, { startedAt: now, timeline: organisation.createdTimeline });
  if (parsed.data.callbackURL) {
    callbacks.expect({ url: parsed.data.callbackURL, taskId, find: () => organisation.tasks.find(key) });
  }
  return dataAnswer({ taskId }, shape);
}
