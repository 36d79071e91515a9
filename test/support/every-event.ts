/** Validates every event that a test's subscription receives: by its schema, and by CloudEvents' own SDK. */
import { createRequire } from "node:module";
import { watchers } from "../../local/aws/received.ts";

const require = createRequire(import.meta.url);

watchers.add((message) => {
  const { specversion } = Object(message.body) as { specversion?: unknown };
  // Loaded only once there is an event: most test files have none, and would wait for it.
  if (specversion !== undefined) require("./odd-event.ts").refuseOddEvent(message);
});
