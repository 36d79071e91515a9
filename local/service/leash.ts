/** Preloaded into serverless-offline: ends it together with the process that started it, however that ended. */
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.on("disconnect", () => process.exit(1));
  // The channel alone must not keep this process running.
  process.channel?.unref();
}
