import { Agent } from "undici";
import { type Application, bareStatus, fetchToken } from "./signed-request.ts";

/** The loop's request. */
export interface LoopEvent {
  application: Application;
  channelId: string;
  taskIds: string[];
  connections: number;
}

let agent: Agent | undefined;
let token: string | undefined;

/**
 * Requests each task's status once, with a number of concurrent requests on as many connections: the minimum for a
 * poller. With one connection it is the vendor's sample in a loop.
 */
export async function handler({ application, channelId, taskIds, connections }: LoopEvent): Promise<void> {
  agent ??= new Agent({ connections });
  token ??= await fetchToken(application);
  const dispatcher = agent;
  const accessToken = token;
  let next = 0;
  const lane = async () => {
    while (next < taskIds.length) {
      await bareStatus(application, accessToken, channelId, taskIds[next++] as string, dispatcher);
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
}
