import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Answer } from "./answer.ts";
import { refuse } from "./answer.ts";
import type { Callbacks } from "./callbacks.ts";
import { isLoopbackUrl } from "./callbacks.ts";
import { dataAnswer, serviceRefusal } from "./downloads.ts";
import type { Organisation } from "./organisations.ts";
import type { AnswerShape } from "./shape.ts";
import { taskKey } from "./tasks.ts";

/** Create Download Request (Data Federation API); what else the vendor's body may hold is let through. */
const creationBody = z.object({
  taskName: z.string().min(1),
  sourceName: z.string().min(1),
  querySql: z.string().min(1),
  filePackageName: z.string().min(1),
  callbackURL: z.string().refine(isLoopbackUrl, "only loopback addresses are called back").optional(),
});

/** Creates a task that plays the organisation's timeline for created tasks; 99400 names the first wrong field. */
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
  const parsed = creationBody.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") || "body";
    return refuse(serviceRefusal(99400, `${field} is not valid`), shape);
  }
  const taskId = randomUUID().replaceAll("-", "");
  const key = taskKey(channelId, taskId);
  organisation.tasks.put(key, { startedAt: now, timeline: organisation.createdTimeline });
  if (parsed.data.callbackURL !== undefined) {
    callbacks.expect({ url: parsed.data.callbackURL, taskId, find: () => organisation.tasks.find(key) });
  }
  return dataAnswer({ taskId }, shape);
}
