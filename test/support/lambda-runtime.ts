/**
 * What Lambda's runtime does, in a process of its own: imports a function's module once, and calls its handler
 * for every event that the parent sends: `node lambda-runtime.ts <module>`.
 */
import { pathToFileURL } from "node:url";
import type { Invocation, InvocationResult } from "./lambda-process.ts";

const { handler } = await import(pathToFileURL(process.argv[2] as string).href);

process.on("message", async ({ id, event, timeoutMs }: Invocation) => {
  const endsAt = performance.now() + timeoutMs;
  const context = {
    awsRequestId: `invocation-${id}`,
    getRemainingTimeInMillis: () => Math.max(0, endsAt - performance.now()),
  };
  let result: InvocationResult;
  try {
    result = { id, ok: true, value: await handler(event, context) };
  } catch (error) {
    const { name, message } = error as Error;
    result = { id, ok: false, error: { name, message } };
  }
  process.send?.(result);
});

process.send?.("ready");
