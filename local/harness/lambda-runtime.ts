/**
 * What Lambda's runtime does, in a process of its own: imports a function's module once, and calls its handler
 * for every event that the parent sends: `node lambda-runtime.ts <module>`.
 */
import { pathToFileURL } from "node:url";
import type { Invocation, InvocationResult } from "./lambda-process.ts";

const started = performance.now();
const { handler } = await import(pathToFileURL(process.argv[2] as string).href);
const importMs = performance.now() - started;

process.on("message", async ({ id, event, timeoutMs }: Invocation) => {
  const begun = performance.now();
  const cpuBefore = process.cpuUsage();
  const context = {
    awsRequestId: `invocation-${id}`,
    getRemainingTimeInMillis: () => Math.max(0, begun + timeoutMs - performance.now()),
  };
  let result: InvocationResult;
  try {
    const value = await handler(event, context);
    const wallMs = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpuBefore);
    const maxRssBytes = process.resourceUsage().maxRSS * 1024;
    result = { id, ok: true, measured: { value, wallMs, cpuMs: (user + system) / 1000, maxRssBytes } };
  } catch (error) {
    const { name, message } = error as Error;
    result = { id, ok: false, error: { name, message } };
  }
  process.send?.(result);
});

process.on("disconnect", () => process.exit(0));
process.send?.({ importMs });
