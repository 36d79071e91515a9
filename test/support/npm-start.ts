import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "./program.ts";

/** Held as a lock: nothing else in the suite listens on this port. */
const TURN_PORT = 19_999;

/** Runs `npm start` until it listens. One at a time, since two that choose their ports at once choose the same. */
export async function npmStart(env: Record<string, string> = {}): Promise<Program> {
  await using _ = await turn();
  const start = new Program("local/start.ts", env);
  try {
    await start.prints(/ AWS listens at/);
    return start;
  } catch (error) {
    await start[Symbol.asyncDispose]();
    throw error;
  }
}

async function turn(): Promise<AsyncDisposable> {
  for (;;) {
    const server = createServer().listen(TURN_PORT, "127.0.0.1");
    try {
      await once(server, "listening");
      return server;
    } catch {
      await sleep(200);
    }
  }
}
