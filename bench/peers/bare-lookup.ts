import { Agent } from "undici";
import { type Application, bareStatus, fetchToken } from "./signed-request.ts";

const agent = new Agent();
let token: string | undefined;

/** One status by one bare signed request, on a kept connection with a kept token. */
export async function handler(event: {
  application: Application;
  channelId: string;
  taskId: string;
}): Promise<unknown> {
  token ??= await fetchToken(event.application);
  return bareStatus(event.application, token, event.channelId, event.taskId, agent);
}
