/**
 * A Lambda runtime in a separate process: imports the module of a function once, and calls its handler for every event
 * that the parent sends: `node lambda-runtime.ts <module>`.
 */
import { pathToFileURL } from "node:url";
import type { Invocation, InvocationResult } from "./lambda-process.ts";

/** How often the memory in use is measured, in milliseconds; all garbage is collected before each measurement. */
const MEASURE_MS = 100;

/** The most memory that is in use at a time, garbage not counted. Needs Node's `--expose-gc`, and slows everything. */
class Held implements Disposable {
  /** Bytes; undefined without `--expose-gc`. */
  most: number | undefined;
  readonly #timer = globalThis.gc && setInterval(() => this.#measure(), MEASURE_MS);

  #measure(): void {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    this.most = Math.max(this.most ?? 0, heapUsed + external);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

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
  using held = new Held();
  try {
    const value = await handler(event, context);
    const wallMs = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpuBefore);
    const maxRssBytes = process.resourceUsage().maxRSS * 1024;
    result = {
      id,
      ok: true,
      measured: { value, wallMs, cpuMs: (user + system) / 1000, maxRssBytes, heldBytes: held.most },
    };
  } catch (error) {
    const { name, message } = error as Error;
    result = { id, ok: false, error: { name, message } };
  }
  process.send?.(result);
});

process.on("disconnect", () => process.exit(0));
process.send?.({ importMs });
