/** Loaded into serverless-offline before anything else: it ends with the process that started it, however that ended. */
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.on("disconnect", () => process.exit(1));
  // Nothing else listens here, and the channel alone is no reason to stay.
  process.channel?.unref();
}
