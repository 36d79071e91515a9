/** Holds every event that a test's subscription receives against its schema, and against CloudEvents' own SDK. */
import { createRequire } from "node:module";
import { watchers } from "../../local/aws/received.ts";

const require = createRequire(import.meta.url);

watchers.add((message) => {
  const { specversion } = Object(message.body) as { specversion?: unknown };
  // Only once there is an event: most files of tests have none, and would wait for what it takes.
  if (specversion !== undefined) require("./odd-event.ts").refuseOddEvent(message);
});
