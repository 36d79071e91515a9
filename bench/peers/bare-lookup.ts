import { Agent } from "undici";
import { type Application, bareStatus, fetchToken } from "./signed-request.ts";

const agent = new Agent();
let token: string | undefined;

/** A status by one bare signed request, with an open connection and a cached token. */
export async function handler(event: {
  application: Application;
  channelId: string;
  taskId: string;
}): Promise<unknown> {
  token ??= await fetchToken(event.application);
  return bareStatus(event.application, token, event.channelId, event.taskId, agent);
}
