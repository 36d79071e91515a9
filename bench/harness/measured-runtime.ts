/**
 * Imports a module and calls its `handler` for every event that the parent sends, like Lambda's runtime, and says
 * what each took: `node measured-runtime.ts <module>`.
 */
import { pathToFileURL } from "node:url";
import type { Invocation, Reply } from "./measured-process.ts";

const started = performance.now();
const { handler } = await import(pathToFileURL(process.argv[2] as string).href);
const importMs = performance.now() - started;

process.on("message", async ({ event, timeoutMs }: Invocation) => {
  const begun = performance.now();
  const cpuBefore = process.cpuUsage();
  const context = {
    awsRequestId: "bench",
    getRemainingTimeInMillis: () => Math.max(0, begun + timeoutMs - performance.now()),
  };
  let reply: Reply;
  try {
    const value = await handler(event, context);
    const wallMs = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpuBefore);
    const maxRssBytes = process.resourceUsage().maxRSS * 1024;
    reply = { ok: true, result: { value, wallMs, cpuMs: (user + system) / 1000, maxRssBytes } };
  } catch (error) {
    reply = { ok: false, message: String((error as Error).stack) };
  }
  process.send?.(reply);
});

process.on("disconnect", () => process.exit(0));
process.send?.({ importMs });
