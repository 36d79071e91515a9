import { Agent } from "undici";
import { type Application, bareStatus, fetchToken } from "./signed-request.ts";

/** What the loop is to do. */
export interface LoopEvent {
  application: Application;
  channelId: string;
  taskIds: string[];
  connections: number;
}

let agent: Agent | undefined;
let token: string | undefined;

/**
 * Asks for each of the tasks once, with so many requests under way on as many connections: the least that a
 * poller can do. With one connection it is the vendor's sample turned into a loop, one task after the other.
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
